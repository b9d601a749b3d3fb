"""What can go wrong in oversight, beyond the errors every service has."""

from servicekit.errors import Conflict, DomainError, Invalid, Kind, Unavailable


class TriggerAndSubmission(Invalid):
    """The trigger "feedback" needs a feedback item, and only that trigger may have one."""

    code = "trigger_and_submission"
    vi = "Căn cứ “feedback” cần submission_id; các căn cứ khác thì không kèm submission_id."
    en = "The trigger “feedback” needs a submission_id; other triggers must not have one."


class PresidingBodyRequired(Invalid):
    """The caller acts for several Front committees and did not say for which one."""

    code = "presiding_body_required"
    vi = "Bạn đang làm việc cho nhiều Ủy ban MTTQ. Hãy ghi presiding_organisation_id."
    en = "You act for several Front committees. Give presiding_organisation_id."


class UnknownOrganisation(Invalid):
    """An organisation named in the request is not known, or did not exist on the day."""

    code = "unknown_organisation"
    vi = "Có tổ chức không tồn tại vào ngày đó. Hãy kiểm tra lại mã tổ chức."
    en = "An organisation did not exist on that day. Check the ids of the organisations."


class PresidingBodyNamed(Invalid):
    """The presiding body cannot oversee itself or recommend to itself."""

    code = "presiding_body_named"
    vi = "Cơ quan chủ trì giám sát không thể đồng thời là nơi bị giám sát hoặc nhận kiến nghị."
    en = "The presiding body cannot be overseen by itself or receive its own recommendation."


class NamedTwice(Invalid):
    """One organisation stands twice in a list."""

    code = "named_twice"
    vi = "Một tổ chức được ghi hai lần. Hãy bỏ bớt một."
    en = "An organisation is named twice. Remove one."


class PlanIncomplete(Invalid):
    """A plan has six parts (NQLT 403 Art. 7)."""

    code = "plan_incomplete"
    vi = "Kế hoạch giám sát phải đủ 6 nội dung (NQLT 403, Điều 7). Hãy bổ sung phần còn thiếu."
    en = "An oversight plan has six parts (NQLT 403 Art. 7). Add what is missing."


class DatesOutOfOrder(Invalid):
    """Plan, conclusion, service and receipt must follow each other and not lie in the future."""

    code = "dates_out_of_order"
    vi = "Ngày văn bản không hợp lệ: phải từ {earliest} đến {latest}."
    en = "The date is not possible: it must be from {earliest} to {latest}."


class RecipientsIncomplete(Invalid):
    """The object and the competent body must both be served (NQLT 403 Art. 9(3))."""

    code = "recipients_incomplete"
    vi = "Kiến nghị phải gửi đối tượng được giám sát và cơ quan có thẩm quyền (NQLT 403, Điều 9 khoản 3)."
    en = "A recommendation goes to the object and to the competent body (NQLT 403 Art. 9(3))."


class ReplyDateNotAllowed(Invalid):
    """The presiding body may only shorten a term that no law fixes, and must say why."""

    code = "reply_date_not_allowed"
    vi = (
        "Không đặt được hạn trả lời này: chỉ được từ {earliest} đến {latest}, kèm lý do, "
        "và khi luật không ấn định số ngày."
    )
    en = (
        "This reply date is not possible: from {earliest} to {latest}, with a reason, "
        "and only where no law fixes the days."
    )


class RefusalNeedsReason(Invalid):
    """A refusal states its legal reason."""

    code = "refusal_needs_reason"
    vi = "Không tiếp thu thì phải nêu lý do. Hãy ghi mục reason."
    en = "A refusal needs its reason. Fill in reason."


class ResultDoesNotFit(Invalid):
    """A refused recommendation cannot have been implemented, and an accepted one not be a justified refusal."""

    code = "result_does_not_fit"
    vi = (
        "Kết quả xác nhận không khớp với ý kiến trả lời: "
        "tiếp thu thì “implemented”, không tiếp thu thì “refusal_justified”."
    )
    en = "The result does not fit the reply: “implemented” for an acceptance, “refusal_justified” for a refusal."


class VerifierIsReplier(DomainError):
    """Whoever replied may not verify the reply."""

    kind = Kind.FORBIDDEN
    code = "verifier_is_replier"
    vi = "Người đã trả lời kiến nghị không được tự xác nhận kết quả. Hãy để người khác xác nhận."
    en = "Whoever replied may not verify the result. Let somebody else verify it."


class EnderIsReplier(DomainError):
    """Whoever replied may not end the following of the own reply."""

    kind = Kind.FORBIDDEN
    code = "ender_is_replier"
    vi = "Người đã trả lời kiến nghị không được tự kết thúc theo dõi. Hãy để cán bộ Mặt trận khác kết thúc."
    en = "Whoever replied may not end the follow-up. Let another officer of the Front end it."


class AddresseesOpen(Conflict):
    """A case closes when every addressee was verified or ended."""

    code = "addressees_open"
    vi = "Còn {open} nơi nhận kiến nghị chưa được xác nhận hoặc kết thúc theo dõi."
    en = "{open} addressees are neither verified nor ended."


class NotYetOverdue(Conflict):
    """The reply clock has not run out, or today is a day off."""

    code = "not_yet_overdue"
    vi = "Chưa đến lúc ghi nhận quá hạn."
    en = "It is not yet time to note this as overdue."


class RuleUnknown(Unavailable):
    """The deadline rule has not been copied from the registry yet."""

    code = "rule_unknown"
    vi = "Chưa có quy tắc thời hạn từ danh mục. Hãy thử lại sau ít giây."
    en = "The deadline rule has not come from the registry yet. Try again in a few seconds."
