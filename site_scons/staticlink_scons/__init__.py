"""What do the adapters in ``site_tools/`` share: options, and the way from a core function to an SCons action."""
