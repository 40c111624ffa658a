"""The workdir: a folder that knows what it holds, where training, evaluation and writing meet."""
