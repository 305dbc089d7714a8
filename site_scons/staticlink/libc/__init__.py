"""What was an object compiled against, and may it meet the libc of this link?"""
