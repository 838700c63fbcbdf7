"""What a person sees of an evaluation: tables, and a page with pictures."""
