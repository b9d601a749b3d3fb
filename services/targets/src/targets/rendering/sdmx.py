"""A snapshot as SDMX: data as SDMX-CSV 2.0, structure as SDMX-JSON 2.0.

Sources: github.com/sdmx-twg/sdmx-csv (data message field guide, 2.0.0, columns STRUCTURE, STRUCTURE_ID, ACTION, then
the components in the order of the data structure) and sdmx-twg/sdmx-json (structure message 2.0.0), both of SDMX 3.0.
Only codes and numbers are in the data, so nothing a person wrote reaches a spreadsheet from there.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final

from targets.domain.figures import plain
from targets.domain.periods import PeriodKind, names_term, parse_period
from targets.domain.snapshot import WHOLE
from targets.rendering.edition import Edition
from targets.rendering.open_data import measures

AGENCY: Final = "NHIPCAU"
VERSION: Final = "1.0.0"
DATAFLOW: Final = "RESOLUTION_TARGETS"
STRUCTURE: Final = "RESOLUTION_TARGETS_DSD"
CONCEPTS: Final = "RESOLUTION_CONCEPTS"
DIMENSIONS: Final = ("INDICATOR", "ORGANISATION", "MEASURE")
ATTRIBUTES: Final = ("OBS_STATUS", "CONF_STATUS", "COUNTED", "EXPECTED", "DISPUTED")
COLUMNS: Final = (
    "STRUCTURE",
    "STRUCTURE_ID",
    "ACTION",
    *DIMENSIONS,
    "TIME_PERIOD",
    "OBS_VALUE",
    *ATTRIBUTES,
)
_NAMES: Final = {
    "INDICATOR": ("Chỉ tiêu", "Indicator"),
    "ORGANISATION": ("Tổ chức", "Organisation"),
    "MEASURE": ("Số đo", "Measure"),
    "TIME_PERIOD": ("Kỳ", "Period"),
    "OBS_VALUE": ("Giá trị", "Value"),
    "OBS_STATUS": ("Tình trạng số liệu", "Observation status"),
    "CONF_STATUS": ("Tình trạng bảo mật", "Confidentiality status"),
    "COUNTED": ("Số đơn vị đã tính", "Units counted"),
    "EXPECTED": ("Số đơn vị phải báo cáo", "Units expected"),
    "DISPUTED": ("Có số liệu đang bị nghi vấn", "Contains disputed values"),
}
_OBS_STATUS: Final = {
    "A": ("Bình thường", "Normal value"),
    "M": ("Chưa có số liệu", "Missing value"),
    "Q": ("Được ẩn", "Missing value; suppressed"),
}
_CONF_STATUS: Final = {
    "F": ("Công bố tự do", "Free (free for publication)"),
    "C": ("Bảo mật thống kê", "Confidential statistical information"),
}
_MEASURES: Final = {
    "numerator": ("Tử số", "Numerator"),
    "denominator": ("Mẫu số", "Denominator"),
    "value": ("Giá trị", "Value"),
}
_NOT_IN_A_CODE: Final = re.compile(r"[^A-Za-z0-9_@$-]")


def sdmx_code(text: str) -> str:
    """Return a text as the id of an SDMX code, which holds letters, digits and _ @ $ - only."""
    return _NOT_IN_A_CODE.sub("_", text)


def sdmx_period(code: str, first_day: date, last_day: date) -> str:
    """Return a period as an SDMX time period: 2025, 2025-S1, 2025-Q1, 2025-03, 2025-12-31.

    A term of congress is a time range: its first day and how many days it has.
    """
    if names_term(code):
        return f"{first_day}/P{(last_day - first_day).days + 1}D"
    kind = parse_period(code).kind
    if kind is PeriodKind.DATE:
        return first_day.isoformat()
    return code if kind is PeriodKind.YEAR else f"{code[:4]}-{code[4:]}"


def to_sdmx_csv(edition: Edition) -> bytes:
    """Return the data message; what is withheld is there without a value, with its status."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_observations(edition))
    return out.getvalue().encode()


def _observations(edition: Edition) -> Iterator[tuple[str, ...]]:
    content = edition.content
    for part in content.parts:
        indicator = content.indicator(part.indicator)
        for organisation, figure in sorted(content.figures_of(part).items(), key=lambda one: one[0] != WHOLE):
            for measure, value, withheld in measures(figure, indicator.kind):
                yield (
                    "dataflow",
                    f"{AGENCY}:{DATAFLOW}({VERSION})",
                    "I",
                    sdmx_code(indicator.code),
                    organisation,
                    sdmx_code(measure),
                    sdmx_period(part.period, part.first_day, part.last_day),
                    "" if value is None else plain(value),
                    "Q" if withheld else "M" if value is None else "A",
                    "C" if withheld else "F",
                    "" if figure.counted is None else str(figure.counted),
                    "" if figure.expected is None else str(figure.expected),
                    "true" if figure.disputes else "false",
                )


def to_structure(edition: Edition) -> bytes:
    """Return the structure message: dataflow, data structure, concepts and code lists."""
    content = edition.content
    categories = {
        name for figure in content.figures.values() for name in (*figure.breakdown, *figure.withheld)
    } - _MEASURES.keys()
    names = {key: texts for one in content.indicators for key, texts in one.categories.items()}
    codelists = {
        "INDICATOR": {sdmx_code(one.code): (one.name_vi, one.name_en) for one in content.indicators},
        "ORGANISATION": {
            WHOLE: ("Toàn thành phố", "The whole city"),
            **{name: (place.name, place.name) for name, place in content.places.items()},
        },
        "MEASURE": _MEASURES | {sdmx_code(name): names.get(name, (name, name)) for name in sorted(categories)},
        "OBS_STATUS": _OBS_STATUS,
        "CONF_STATUS": _CONF_STATUS,
    }
    title = (f"Chỉ tiêu của Nghị quyết {content.resolution.number}", f"Targets of {content.resolution.number}")
    message = {
        "meta": {
            "schema": "https://raw.githubusercontent.com/sdmx-twg/sdmx-json/master/structure-message/tools/schemas/"
            "2.0.0/sdmx-json-structure-schema.json",
            "id": f"S-{edition.snapshot_id}",
            "test": False,
            "prepared": f"{(edition.issued_on or content.made_on).isoformat()}T00:00:00+07:00",
            "contentLanguages": ["vi", "en"],
            "sender": {"id": AGENCY},
        },
        "data": {
            "dataflows": [_artefact(DATAFLOW, title) | {"structure": _urn("datastructure.DataStructure", STRUCTURE)}],
            "dataStructures": [_artefact(STRUCTURE, title) | {"dataStructureComponents": _components()}],
            "conceptSchemes": [
                _artefact(CONCEPTS, title) | {"concepts": [_named(name, texts) for name, texts in _NAMES.items()]}
            ],
            "codelists": [
                _artefact(f"CL_{name}", _NAMES[name])
                | {"codes": [_named(code, texts) for code, texts in codes.items()]}
                for name, codes in codelists.items()
            ],
        },
    }
    return json.dumps(message, ensure_ascii=False, indent=1).encode()


def _components() -> dict[str, Any]:
    return {
        "dimensionList": {
            "id": "DimensionDescriptor",
            "dimensions": [
                {"id": name, "position": number} | _concept(name) | _coded(name)
                for number, name in enumerate(DIMENSIONS)
            ],
            "timeDimension": {"id": "TIME_PERIOD"}
            | _concept("TIME_PERIOD")
            | {"localRepresentation": {"format": {"dataType": "ObservationalTimePeriod"}}},
        },
        "measureList": {
            "id": "MeasureDescriptor",
            "measures": [{"id": "OBS_VALUE"} | _concept("OBS_VALUE") | _plain("Decimal")],
        },
        "attributeList": {
            "id": "AttributeDescriptor",
            "attributes": [
                *_attributes(("OBS_STATUS", "CONF_STATUS"), None),
                *_attributes(("COUNTED", "EXPECTED"), "Integer"),
                *_attributes(("DISPUTED",), "Boolean"),
            ],
        },
    }


def _attributes(names: Iterable[str], data_type: str | None) -> Iterator[dict[str, Any]]:
    for name in names:
        yield (
            {"id": name, "usage": "optional", "attributeRelationship": {"observation": {}}}
            | _concept(name)
            | (_plain(data_type) if data_type else _coded(name))
        )


def _concept(name: str) -> dict[str, str]:
    return {"conceptIdentity": f"{_urn('conceptscheme.Concept', CONCEPTS)}.{name}"}


def _coded(name: str) -> dict[str, Any]:
    return {"localRepresentation": {"enumeration": _urn("codelist.Codelist", f"CL_{name}")}}


def _plain(data_type: str) -> dict[str, Any]:
    return {"localRepresentation": {"format": {"dataType": data_type}}}


def _urn(kind: str, name: str) -> str:
    return f"urn:sdmx:org.sdmx.infomodel.{kind}={AGENCY}:{name}({VERSION})"


def _artefact(name: str, texts: tuple[str, str]) -> dict[str, Any]:
    return _named(name, texts) | {"agencyID": AGENCY, "version": VERSION}


def _named(name: str, texts: tuple[str, str]) -> dict[str, Any]:
    return {"id": name, "name": texts[0], "names": {"vi": texts[0], "en": texts[1]}}
