"""The matrix harness: cases x scenarios x word sizes x engines x machines."""
