"""From a folder of pictures to an image classifier by transfer learning, in eight steps."""

__version__ = "0.1.0"
