"""How does a cargo package become an archive for this target?"""
