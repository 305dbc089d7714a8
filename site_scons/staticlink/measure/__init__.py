"""What is true of the libcs on this machine, measured from them: how is ``policy/libc_*`` regenerated?"""
