"""One folder for each thing a person comes for."""
