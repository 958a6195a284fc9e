"""The house: rules that hold for every file, each tried on good and bad lines."""
