"""The rival and the comparison with it: the same method as a PyTorch user would write it."""
