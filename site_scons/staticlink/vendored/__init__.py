"""How does a pinned source become a built dependency?"""
