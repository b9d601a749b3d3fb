"""Why a question about periods is refused."""

from servicekit.errors import Invalid


class NotOnePeriod(Invalid):
    """The keyword names several periods where one is asked for."""

    code = "not_one_period"
    vi = "“{keyword}” gồm {number} kỳ, nhưng ở đây chỉ dùng một kỳ. Hãy dùng ví dụ THIS_YEAR hoặc một mã kỳ."
    en = "“{keyword}” names {number} periods, and one is needed here. Use for example THIS_YEAR or a period code."


class BadRange(Invalid):
    """The span asked for is upside down or too long to list."""

    code = "bad_period_range"
    vi = "Khoảng thời gian chưa đúng: từ ngày phải trước đến ngày, và không quá {most} kỳ. Hãy thu hẹp khoảng."
    en = "The range is not usable: it must begin before it ends and hold at most {most} periods. Ask for less."


class BadTerm(Invalid):
    """The days of a term are upside down or overlap those of another term."""

    code = "bad_term"
    vi = "Ngày của nhiệm kỳ chưa đúng: ngày đầu phải trước ngày cuối và không chồng lên nhiệm kỳ khác."
    en = "The days of the term are not usable: it begins before it ends and overlaps no other term."
