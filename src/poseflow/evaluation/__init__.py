"""How good poses with ids are: mAP, MOTA, MOTP, HOTA, IDF1 and their kin, against a truth.

Formats and images are unknown here: a `Truth` and a `Sequence` come in, figures go out.
"""
