"""The workdir: the folder of one run, through which training, evaluation and writing exchange data."""
