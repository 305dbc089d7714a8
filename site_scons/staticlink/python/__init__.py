"""How does an embedded CPython travel inside the executable?"""
