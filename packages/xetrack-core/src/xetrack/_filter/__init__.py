"""The filter language of runs: `model ~ resnet and lr <= 1e-3 and max(val/acc) > 0.7`."""
