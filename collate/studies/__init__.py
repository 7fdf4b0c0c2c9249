"""Many runs and evaluations laid out as one table with intervals."""
