"""The first lesson, by ear and two buttons."""
