"""Why a series of figures is refused."""

from servicekit.errors import Invalid


class OrganisationNotStanding(Invalid):
    """Figures are restated to organisations standing on a day, and this one does not; `errors` names who does."""

    code = "organisation_not_standing"
    vi = "Tổ chức này không tồn tại vào ngày {day}. Hãy chọn tổ chức được nêu kèm theo hoặc xem số như đã báo cáo."
    en = "This organisation does not stand on {day}. Choose one of those named, or the figures as reported."


class PeriodsReversed(Invalid):
    """The last period ends before the first begins."""

    code = "periods_reversed"
    vi = "Kỳ cuối phải từ kỳ đầu trở đi. Hãy đổi lại from và to."
    en = "The last period must not end before the first begins. Change from and to."
