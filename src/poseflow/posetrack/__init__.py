"""The PoseTrack data set: its folders as released, tracked and matched split by split."""
