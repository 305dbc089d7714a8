"""Which cases must generated links hold? One function a case, each adding it to a draft under random names.

Cases are numbered as in the table of edge cases that the planner was specified by: 1 to 20 are about extraction and
its order, 21 to 47 about weak, COMMON, hidden, versioned and typed symbols, 48 to 66 about sections, COMDAT groups,
options and names. Where a case has an order or a flavour, both are drawn.

Left to tests of their own: 12 (``--start-lib``, which GNU ld refuses) and 65 (66,000 sections).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from staticlink.link.options import Assignment

from tests.oracle.drafts import Bracket, Cover, Draft, Library, Loose, Parts

if TYPE_CHECKING:
    from collections.abc import Callable

P = Parts


def plain_reference(d: Draft) -> None:
    d.library(P(strong=[d.wanted(d.name())]), anywhere=False)


def backward_reference(d: Draft) -> None:
    f = d.name()
    d.library(P(strong=[f]))
    d.loose(undefined=[f], anywhere=False)


def cycle(d: Draft) -> None:
    a1, b1, a2 = d.wanted(d.name()), d.name(), d.name()
    a = d.library(P(strong=[a1], undefined=[b1]), P(strong=[a2]), anywhere=False)
    b = d.library(P(strong=[b1], undefined=[a2]), anywhere=False)
    if d.some(0.3):
        d.entries.append(a)
    elif d.some(0.5):
        place = min(d.entries.index(a), d.entries.index(b))
        for one in (a, b):
            d.entries.remove(one)
        d.entries.insert(place, Bracket([a, b]))


def backward_inside_one_archive(d: Draft) -> None:
    f, g, h = d.wanted(d.name()), d.name(), d.name()
    d.library(P(strong=[h]), P(strong=[g], undefined=[h]), P(strong=[f], undefined=[g]))


def same_archive_twice(d: Draft) -> None:
    f, g = d.wanted(d.name()), d.name()
    first = d.library(P(strong=[f]), P(strong=[g]))
    d.loose(undefined=[g])
    how = d.chance.choice(["again", "copy", "link"])
    d.add(first if how == "again" else Library(f"again{first.name}", [], first, how == "link"), anywhere=False)


def first_archive_wins(d: Draft) -> None:
    f = d.wanted(d.name())
    d.library(P(strong=[f]))
    d.library(P(strong=[f]))


def wanted_for_more_than_the_shared_symbol(d: Draft) -> None:
    f, h = d.wanted(d.name()), d.wanted(d.name())
    d.library(P(strong=[f]))
    d.library(P(strong=[f, h]))


def the_same_in_one_archive(d: Draft) -> None:
    f, h = d.wanted(d.name()), d.wanted(d.name())
    members = [P(strong=[f]), P(strong=[f, h])]
    d.chance.shuffle(members)
    d.library(*members)


def sandwich(d: Draft) -> None:
    a, x = d.wanted(d.name()), d.name()
    three = [d.library(P(strong=[x])), d.library(P(strong=[a], undefined=[x])), d.library(P(strong=[x]))]
    if d.some(0.4):
        d.entries[:] = [one for one in d.entries if one not in three]
        d.entries.append(Bracket(list(three)))


def nested_group(d: Draft) -> None:
    cycle(d)
    if any(isinstance(entry, Bracket) and not entry.closed for entry in d.entries):
        return  # it would take the end of a group around it for its own
    inner = [entry for entry in d.entries if not isinstance(entry, Bracket)][-2:]
    outer = [entry for entry in d.entries if entry not in inner]
    d.entries[:] = [Bracket([*outer, Bracket([*inner])])]
    d.refused_by.add("lld")


def unterminated_group(d: Draft) -> None:
    cycle(d)
    if not any(map(_is_group, d.entries)):
        place = d.chance.randrange(len(d.entries))
        d.entries[place:] = [Bracket(d.entries[place:], closed=False)]


def _is_group(entry: object) -> bool:
    return isinstance(entry, Bracket)


def long_chain(d: Draft) -> None:
    names = [d.wanted(f"chain{d.count}"), *(f"chain{d.count}_{n}" for n in range(d.chance.randint(5, 25)))]
    for f, g in pairwise(names):
        d.library(P(strong=[f], undefined=[g]), anywhere=d.some(0.05))


def constructor_only(d: Draft) -> None:
    member = P(undefined=[d.name()])
    member.numbers["constructor"] = True
    library = d.library(member, P(strong=[d.name()]))
    if d.some(0.4):
        d.entries[d.entries.index(library)] = Cover(library)


def whole_archive_twice(d: Draft) -> None:
    library = d.library(P(strong=[d.name()]), P(weak=[d.name()], common=[d.name()]))
    d.entries[d.entries.index(library)] = Cover(library)
    d.add(Cover(library) if d.some(0.6) else library)


def start_in_an_archive(d: Draft) -> None:
    member = P(**d.main)
    d.main.clear()
    d.library(member, P(strong=[d.name()]))


def entry_in_an_archive(d: Draft) -> None:
    d.options["entry"] = begin = d.name()
    d.library(P(strong=[begin], undefined=[d.name()]), P(strong=[d.name()]))


def no_start(d: Draft) -> None:
    d.main["strong"] = []
    d.main.put("strong", d.name())


def undefined_option(d: Draft) -> None:
    f = d.name()
    d.extend("undefined", f)
    if d.some(0.7):
        d.library(P(strong=[f]) if d.some(0.7) else P(common=[f]))
    if d.some(0.3):
        d.wanted(f, "weak_undefined")


def require_defined(d: Draft) -> None:
    f = d.name()
    d.extend("required", f)
    if d.some(0.7):
        d.library(P(**{d.chance.choice(["strong", "weak", "common"]): [f]}))
    if d.some(0.1):
        d.extend("required", d.chance.choice(["end", "_DYNAMIC", "__start_nothing"]))


def weak_reference(d: Draft) -> None:
    d.library(P(strong=[d.wanted(d.name(), "weak_undefined")]))


def weak_and_strong_reference(d: Draft) -> None:
    f = d.name()
    for role in d.chance.sample(["undefined", "weak_undefined"], 2):
        d.loose().put(role, f)
    d.library(P(strong=[f]), anywhere=False)


def weak_archive_strong(d: Draft) -> None:
    f = d.name()
    d.loose(weak_undefined=[f])
    d.library(P(strong=[f]), anywhere=False)
    d.loose(undefined=[f], anywhere=False)


def weak_satisfied_by_another(d: Draft) -> None:
    f, g = d.wanted(d.name(), "weak_undefined"), d.wanted(d.name())
    d.library(P(strong=[f, g]))


def weak_before_strong_in_archives(d: Draft) -> None:
    f = d.wanted(d.name())
    pair = [P(weak=[f]), P(strong=[f])]
    if d.some(0.3):
        d.library(*pair)
    else:
        for parts in pair:
            d.library(parts)
    if d.some(0.5):
        d.loose(undefined=[f])


def weak_object_strong_archive(d: Draft) -> None:
    f = d.name()
    d.loose(weak=[f])
    library = d.library(P(strong=[f], undefined=[d.name()]))
    if d.some(0.4):
        d.entries[d.entries.index(library)] = Cover(library)


def two_weak(d: Draft) -> None:
    f = d.wanted(d.name())
    d.loose(weak=[f])
    d.loose(weak=[f])


def weak_hidden(d: Draft) -> None:
    f = d.wanted(d.name())
    d.library(P(weak=[f]).mark("hidden", f))
    d.library(P(strong=[f]))


def common_then_data(d: Draft) -> None:
    c = d.wanted(d.name(), "common")
    d.library(P(data=[c], undefined=[d.name()]))


def common_then_common(d: Draft) -> None:
    c = d.wanted(d.name(), "common")
    d.library(P(common=[c], undefined=[d.name()]))


def common_then_weak_data(d: Draft) -> None:
    c = d.wanted(d.name(), "common")
    d.library(P(weak_data=[c], undefined=[d.name()]))


def common_then_function(d: Draft) -> None:
    c = d.wanted(d.name(), "common")
    d.library(P(strong=[c], undefined=[d.name()]))


def common_member_then_strong(d: Draft) -> None:
    c = d.wanted(d.name())
    d.library(P(common=[c]))
    d.library(P(data=[c]) if d.some(0.7) else P(common=[c]))


def common_sizes(d: Draft) -> None:
    c = d.name()
    for size in d.chance.sample([400, 32, 8, 8], 3):
        parts = d.loose() if d.some(0.6) else d.library(P(strong=[d.wanted(d.name())])).members[0][1]
        parts.put("common", c).numbers["common_size"] = size


def hidden_definition(d: Draft) -> None:
    f = d.wanted(d.name())
    d.library(P(strong=[f]).mark("hidden", f))


def hidden_reference(d: Draft) -> None:
    f = d.name()
    d.loose().put(d.chance.choice(["undefined", "weak_undefined"]), f).mark("hidden", f)
    if d.some(0.3):
        d.library(P(strong=[f]))


def local_symbol(d: Draft) -> None:
    f = d.wanted(d.name())
    d.loose(local=[f])
    d.library(P(local=[f], strong=[d.name()]))


def absolute_twice(d: Draft) -> None:
    f = d.name()
    d.loose(absolute=[f])
    d.loose(absolute=[f]).numbers["value"] = d.chance.choice([7, 8])
    if d.some(0.2):
        for _ in range(2):
            d.loose(absolute=[f"zero{d.count // 100}"]).numbers["value"] = 0
    if d.some(0.2):
        d.loose().put(d.chance.choice(["strong", "weak", "common"]), f)


def unique_twice(d: Draft) -> None:
    f = d.wanted(d.name())
    d.loose(unique=[f])
    if d.some(0.3):
        d.loose().put(d.chance.choice(["strong", "weak", "common"]), f)
    if d.some(0.5):
        d.loose(unique=[f])
    else:
        d.library(P(unique=[f, d.wanted(d.name())]))


def tls_mismatch(d: Draft) -> None:
    f = f"tls{d.count}"
    ref, definition = d.chance.choice([("tls_undefined", "data"), ("bare", "tls")])
    d.loose().put(ref, f)
    d.library(P(**{definition: [f]}))


def weak_tls_reference(d: Draft) -> None:
    f = f"tls{d.count}"
    d.loose(bare_weak=[f])
    d.library(P(tls=[f]))


def indirect_function(d: Draft) -> None:
    d.library(P(ifunc=[d.wanted(d.name())]))


def default_version(d: Draft) -> None:
    f = d.wanted(d.name())
    d.library(P(strong=[f"{f}@@V2"]))


def other_version(d: Draft) -> None:
    f = d.wanted(d.name())
    d.library(P(strong=[f"{f}@V1"]))


def versioned_reference(d: Draft) -> None:
    f = d.name()
    d.wanted(f"{f}@V2", d.chance.choice(["undefined", "undefined", "weak_undefined", "bare_weak"]))
    d.library(P(strong=[d.chance.choice([f"{f}@@V2", f"{f}@@V2", f"{f}@V2"])]))
    if d.some(0.3):
        d.wanted(f, "weak_undefined")


def bare_and_versioned(d: Draft) -> None:
    f = f"ver{d.count}"
    d.wanted(f)
    d.loose(strong=[f])
    d.loose().put(d.chance.choice(["strong", "strong", "weak"]), f"{f}@@V2")


def object_reference(d: Draft) -> None:
    f = d.name()
    d.loose(data_undefined=[f])
    d.library(P(strong=[f]))


def reference_without_relocation(d: Draft) -> None:
    f = d.wanted(d.name(), "bare")
    if d.some(0.6):
        d.library(P(strong=[f]))


def reference_from_a_dead_section(d: Draft) -> None:
    f = d.wanted(d.name(), "dead")
    d.options["gc_sections"] = d.some(0.7)
    if d.some(0.5):
        d.library(P(strong=[f]))


def dead_duplicates(d: Draft) -> None:
    f = d.name()
    d.options["gc_sections"] = True
    d.loose(strong=[f])
    d.loose(strong=[f])


def reference_from_debug_information(d: Draft) -> None:
    f = d.wanted(d.name(), "debug")
    if d.some(0.6):
        d.library(P(strong=[f]))


def comdat_twice(d: Draft) -> None:
    f = d.name()
    role = d.chance.choice(["weak", "strong"])
    for _ in range(2):
        parts = P().group(f, **{role: [f]}).put("undefined", d.name())
        if d.some(0.5):
            d.entries.append(Loose(f"c{d.count}{d.name()}.o", parts))
        else:
            d.library(parts.put("strong", d.wanted(d.name())))


def comdat_and_plain(d: Draft) -> None:
    f = d.name()
    d.loose(strong=[f])
    d.loose().group(f, **{d.chance.choice(["weak", "strong"]): [f]})


def discarded_copy_had_more(d: Draft) -> None:
    k, u = d.name(), d.name()
    roles = {"weak": [k], "strong": []}
    d.loose().group(k, **roles)
    roles[d.chance.choice(["weak", "strong"])].append(u)
    d.loose().group(k, **roles)
    if d.some(0.5):
        d.library(P(strong=[u]))
    if d.some(0.3):
        d.wanted(u)


def linkonce_and_comdat(d: Draft) -> None:
    f = d.wanted(d.name())
    d.loose(linkonce=[f])
    if d.some(0.5):
        d.loose(linkonce=[f])
    else:
        d.loose().group(f, weak=[f])


def wrapped(d: Draft) -> None:
    f = d.wanted(d.name())
    d.extend("wrap", f)
    role = d.chance.choice(["undefined", "undefined", "weak_undefined"])
    d.library(P(strong=[f"__wrap_{f}"]).put(role, *([f"__real_{f}"] if d.some(0.8) else [])))
    if role == "weak_undefined":
        d.rows.add("56, weakly")
    if d.some(0.8):
        d.library(P(strong=[f]))
    for role in ("weak_undefined", "strong"):
        if d.some(0.3):
            d.wanted(f, role)


def wrapped_where_defined(d: Draft) -> None:
    f = d.name()
    d.extend("wrap", f)
    d.loose().put(d.chance.choice(["strong", "weak", "common"]), f)
    d.library(P(strong=[f"__wrap_{f}"], undefined=[f"__real_{f}"] if d.some(0.5) else []))


def assigned_from_a_symbol(d: Draft) -> None:
    x, f = d.name(), d.name()
    if d.some(0.7):
        d.wanted(x)
    d.add(Assignment(x, d.chance.choice([f, f, f"{f}+1", f"{f}-{d.name()}"])))
    d.library(P(**{d.chance.choice(["strong", "strong", "data", "weak", "common"]): [f]}))
    if d.some(0.3):
        early = Assignment(f"early{d.count}", f)
        d.extend("defsym", early)
        if d.some(0.5):
            d.wanted(early.symbol)
    if d.some(0.2):
        d.add(Assignment(d.name(), d.chance.choice([x, f"{x}+1"])))


def assigned_number(d: Draft) -> None:
    x = d.name()
    if d.some(0.7):
        d.wanted(x)
    d.add(Assignment(x, "0x10"))
    d.library(P(strong=[x], undefined=[d.name()]) if d.some(0.7) else P(common=[x]))
    if d.some(0.3):
        for role in d.chance.sample(["strong", "weak", "common", "data"], d.chance.randint(1, 3)):
            d.loose().put(role, x)
    if d.some(0.2):
        d.add(Assignment(x, d.chance.choice(["0x20", f"{x}+1"])))


def duplicates_allowed(d: Draft) -> None:
    d.options["allow_duplicates"] = True
    f = d.name()
    d.loose(strong=[f])
    d.loose(strong=[f])


def provided_name_defined(d: Draft) -> None:
    f = d.wanted(d.chance.choice(["end", "_end", "__start_sec", "_edata", "etext", "__bss_start"]))
    d.library(P(strong=[f]))


def provided_names(d: Draft) -> None:
    for name in ("_end", "end", "_edata", "edata", "_etext", "etext", "__bss_start", "__ehdr_start"):
        d.wanted(name)
    for name in ("init", "fini", "preinit"):
        d.wanted(f"__{name}_array_start")
        d.wanted(f"__{name}_array_end")
    d.wanted("__executable_start")
    for name in ("__rela_iplt_start", "__rela_iplt_end", "__start_nothing"):
        d.wanted(name)
    d.options["pie"] = d.some(0.3)


def names_of_some_linkers(d: Draft) -> None:
    names = ["_DYNAMIC", "_TLS_MODULE_BASE_", "__dso_handle", "__GNU_EH_FRAME_HDR", "_PROCEDURE_LINKAGE_TABLE_"]
    for name in d.chance.sample([*names, "_GLOBAL_OFFSET_TABLE_", "__etext", "__end", "__tdata_start"], 4):
        d.wanted(name)
    d.options["pie"] = d.some(0.3)


def warning(d: Draft) -> None:
    f = d.wanted(d.name())
    d.library(P(strong=[f]).mark("warning", f))


def strange_names(d: Draft) -> None:
    f = d.wanted(d.chance.choice(["a b", "größe", "x\u3042", "p$q", "a.b", "v(int)"]))
    d.library(P(strong=[f]), P(strong=[f, d.name()]))


ROWS: tuple[tuple[str, Callable[[Draft], None]], ...] = (
    ("1", plain_reference), ("2", backward_reference), ("3", cycle), ("4", backward_inside_one_archive),
    ("5", same_archive_twice), ("6", first_archive_wins), ("7", wanted_for_more_than_the_shared_symbol),
    ("8", the_same_in_one_archive), ("9", sandwich), ("10", nested_group), ("11", unterminated_group),
    ("13", long_chain), ("14", constructor_only), ("15", whole_archive_twice), ("16", start_in_an_archive),
    ("17", entry_in_an_archive), ("18", no_start), ("19", undefined_option), ("20", require_defined),
    ("21", weak_reference), ("22", weak_and_strong_reference), ("23", weak_archive_strong),
    ("24", weak_satisfied_by_another), ("25", weak_before_strong_in_archives), ("26", weak_object_strong_archive),
    ("27", two_weak), ("28", weak_hidden), ("29", common_then_data), ("30", common_then_common),
    ("31", common_then_weak_data), ("32", common_then_function), ("33", common_member_then_strong),
    ("34", common_sizes), ("35", hidden_definition), ("36", hidden_reference), ("37", local_symbol),
    ("38", absolute_twice), ("39", unique_twice), ("40", tls_mismatch), ("41", weak_tls_reference),
    ("42", indirect_function), ("43", default_version), ("44", other_version), ("45", versioned_reference),
    ("46", bare_and_versioned), ("47", object_reference), ("48", reference_without_relocation),
    ("49", reference_from_a_dead_section), ("50", dead_duplicates), ("51", reference_from_debug_information),
    ("52", comdat_twice), ("53", comdat_and_plain), ("54", discarded_copy_had_more), ("55", linkonce_and_comdat),
    ("56", wrapped), ("57", wrapped_where_defined), ("58", assigned_from_a_symbol), ("59", assigned_number),
    ("60", duplicates_allowed), ("61", provided_name_defined), ("62", provided_names), ("63", names_of_some_linkers),
    ("64", warning), ("66", strange_names),
)  # fmt: skip
