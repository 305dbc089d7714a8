"""What do the bytes of objects and archives say?"""
