"""Evaluation: the shipped networks, run as the wearable runs them, against labelled data. No torch here."""
