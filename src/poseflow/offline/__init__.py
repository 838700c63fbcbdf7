"""After tracking: what only the whole clip tells. Poses with ids in, better ones out."""
