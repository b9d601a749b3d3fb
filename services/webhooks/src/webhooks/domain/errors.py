"""What this service refuses."""

from servicekit.errors import Conflict, Forbidden, Invalid


class TargetRefused(Invalid):
    """The address is not one we may send to."""

    code = "target_refused"
    vi = "Địa chỉ nhận không được phép ({why}). Dùng https với tên miền công khai, hoặc nhờ quản trị cho phép."
    en = "The target is not allowed ({why}). Use https with a public name, or ask the administrator to allow it."


class UnknownEventType(Invalid):
    """The filter names an event that does not exist or does not leave the house."""

    code = "unknown_event_type"
    vi = "Bộ lọc có loại sự kiện không tồn tại. Xem GET /api/v1/webhooks/event-types."
    en = "The filter names an event type that does not exist. See GET /api/v1/webhooks/event-types."


class NotYours(Forbidden):
    """The owner must be an organisation at which the caller has a role."""

    code = "owner_not_yours"
    vi = "Đơn vị sở hữu phải là đơn vị bạn có vai trò. Hãy chọn lại đơn vị hoặc nhờ người quản trị của đơn vị đó."
    en = "The owner must be an organisation at which you hold a role. Choose another or ask that body's administrator."


class StillRunning(Conflict):
    """A delivery that is still being tried cannot be sent again."""

    code = "delivery_pending"
    vi = "Lần gửi này còn đang chờ; chỉ gửi lại khi đã xong hoặc đã thất bại."
    en = "This delivery is still waiting; send again only after it was delivered or has failed."
