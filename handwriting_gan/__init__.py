"""Write any number in the hand of a picture: StarGAN v2 and its peers on handwritten digits."""

from handwriting_gan import environment

environment.prepare()
