"""Why a restructuring is refused: the history it would make cannot have been.

Each names, in `errors`, the place among the changes (`field`) and the unit or body concerned (`id`), where known.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from servicekit.errors import Conflict, DomainError, Invalid


class NotStandingThen(Conflict):
    """A unit or body named does not exist, or does not stand then with an open end."""

    code = "not_standing_then"
    vi = "Có đơn vị hoặc tổ chức không tồn tại, chưa thành lập hoặc đã kết thúc vào ngày này. Hãy xem cây ngày đó."
    en = "A unit or body named does not exist, has not begun or has ended by that day. Look at the tree of that day."


class NamedTwice(Invalid):
    """One unit or body is changed by two changes that do not each take a part of it."""

    code = "named_twice"
    vi = "Một đơn vị hoặc tổ chức bị thay đổi hai lần trong cùng đợt. Hãy gộp lại, hoặc ghi rõ từng phần (share)."
    en = "One unit or body is changed twice at once. Make it one change, or say which part goes where (share)."


class UnknownKey(Invalid):
    """A key refers to nothing that these changes make."""

    code = "unknown_key"
    vi = "Có khóa tham chiếu không thuộc đơn vị hay tổ chức mới nào trong đợt này. Hãy kiểm tra các mục key."
    en = "A key refers to nothing that these changes make. Check the keys."


class ChildrenLeft(Conflict):
    """Something stands below what ends, and these changes do not say what becomes of it."""

    code = "children_left"
    vi = "Bên dưới còn đơn vị hoặc tổ chức chưa được sắp xếp. Hãy nêu từng cái cùng đợt, hoặc đặt children_follow."
    en = "Units or bodies below are left without a place. Name each in the same changes, or set children_follow."


class OwnAncestor(Invalid):
    """A unit or body would stand below itself."""

    code = "own_ancestor"
    vi = "Thay đổi này đặt một đơn vị hoặc tổ chức dưới chính nó. Hãy chọn cấp trên khác."
    en = "These changes put a unit or body below itself. Choose another parent."


class SuccessorNotThere(Conflict):
    """What takes over does not stand on the day."""

    code = "successor_not_there"
    vi = "Bên kế tục không tồn tại vào ngày này, hoặc kết thúc trong cùng đợt. Hãy chọn bên kế tục khác."
    en = "The successor does not stand on that day, or ends by these changes. Choose another one."


class ParentEnds(Invalid):
    """The parent or unit ends by these changes and has not exactly one successor."""

    code = "parent_ends"
    vi = "Cấp trên hoặc địa bàn kết thúc trong cùng đợt và không có đúng một bên kế tục. Hãy ghi rõ parent hoặc unit."
    en = "The parent or unit ends by these changes without exactly one successor. Name the parent or unit."


class ParentNotThere(Conflict):
    """The parent or the unit does not stand as long as what is put under it."""

    code = "parent_not_there"
    vi = "Cấp trên hoặc địa bàn không tồn tại suốt thời gian của bên dưới. Hãy chọn ngày hoặc cấp trên khác."
    en = "The parent or unit does not stand as long as what is below it. Choose another day or parent."


class PredecessorStands(Conflict):
    """A predecessor must end the day before its successor takes over."""

    code = "predecessor_stands"
    vi = "Bên được kế tục phải kết thúc đúng một ngày trước ngày thay đổi. Hãy kiểm tra ngày kết thúc."
    en = "A predecessor must end the day before the change. Check its last day."


class SharesAboveWhole(Invalid):
    """The shares of one predecessor make more than the whole."""

    code = "shares_above_whole"
    vi = "Tổng tỷ lệ chia của một đơn vị hoặc tổ chức vượt quá 1. Hãy kiểm tra các ratio."
    en = "The shares of one unit or body make more than 1. Check the ratios."


class NotItsSuccessor(Invalid):
    """A share names something that did not take over from this unit or body."""

    code = "not_its_successor"
    vi = "Có bên nhận không kế tục đơn vị hoặc tổ chức này. Hãy xem danh sách các bên kế tục rồi chọn lại."
    en = "A share names something that did not take over from this unit or body. Choose from its successors."


class WholeHasNoShare(Invalid):
    """A share is given where the whole went over."""

    code = "whole_has_no_share"
    vi = "Bên này kế tục toàn bộ nên không có tỷ lệ chia. Chỉ nhập tỷ lệ cho phần được chia."
    en = "The whole went over here, so there is no share to enter. Enter shares of parts only."


class HistoryOverlaps(Conflict):
    """The same code, the same kind of body at a unit, or the same name under a parent would stand twice at a time."""

    code = "history_overlaps"
    vi = "Trùng mã, trùng loại tổ chức tại địa bàn, hoặc trùng tên dưới cùng cấp trên cùng thời gian. Hãy xem lại."
    en = "It overlaps with what stands at the time (the code, the kind of body at the unit, or the name). Check again."


REFUSED_BY_DATABASE: Final[dict[str, type[DomainError]]] = {
    "path_follows_parent": OwnAncestor,
    "parent_stands_all_the_time": ParentNotThere,
    "unit_stands_all_the_time": ParentNotThere,
    "predecessor_ends_the_day_before": PredecessorStands,
    "successor_stands_on_the_day": SuccessorNotThere,
    "shares_make_at_most_the_whole": SharesAboveWhole,
    "ck_unit_succession_not_itself": SuccessorNotThere,
    "ck_organisation_succession_not_itself": SuccessorNotThere,
    "ex_unit_code_at_a_date": HistoryOverlaps,
    "ex_unit_name_under_a_parent": HistoryOverlaps,
    "ex_organisation_kind_at_a_unit": HistoryOverlaps,
    "ex_organisation_department_under_a_parent": HistoryOverlaps,
    "pk_unit": HistoryOverlaps,
    "pk_organisation": HistoryOverlaps,
}
"""Rules of the database (migrations 0002 and 0007) by the name it refuses with."""

ALL: Final = (
    NotStandingThen,
    NamedTwice,
    UnknownKey,
    ChildrenLeft,
    OwnAncestor,
    SuccessorNotThere,
    ParentEnds,
    ParentNotThere,
    PredecessorStands,
    SharesAboveWhole,
    HistoryOverlaps,
)


def at(place: int, code: str, things: Iterable[UUID] = ()) -> list[dict[str, Any]]:
    """Return `errors` for the change at this place, one for each unit or body concerned."""
    field = {"field": f"body.changes.{place}", "code": code}
    return [field | {"id": str(thing)} for thing in things] or [field]
