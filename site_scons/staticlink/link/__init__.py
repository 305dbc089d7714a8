"""Which inputs, in which order, make one static executable, and is it one?"""
