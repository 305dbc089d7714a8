"""Which definitions, runtimes and members are not what an author would expect? A rule a module."""
