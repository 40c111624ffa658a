"""Speed and memory of the train step, and a comparison with a PyTorch implementation of the same method."""
