"""How do facts become words?"""
