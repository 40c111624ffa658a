"""Write any number in the hand of a picture: StarGAN v2 and its peers on handwritten digits."""
