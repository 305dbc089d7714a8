"""What the program says, put into words by Python; the numbers are Rust's."""

import json

import primes


def sentence(limit: int) -> str:
    """Return a sentence on the primes below ``limit``."""
    try:
        found = primes.below(limit)
    except BaseException as error:  # noqa: BLE001  (a panic in Rust is no Exception)
        return f"Rust panicked, Python caught {type(error).__name__}: {error}"
    facts = {"count": len(found), "last": found[-1]}
    return f"Python asked Rust for the primes below {limit}: {json.dumps(facts)}"
