"""What languages bring to the reading of answers: one file of data for each."""
