"""How dates and times are written, where Django's own way is longer or less clear."""
