"""
The API's operations on access groups, their locks, members and schedules (5).

Members are named by their platform id (2.4). A group that has no schedule opens nothing.
"""

from ostiary.simulation.answers import Answer, json_answer

from . import views
from .bodies import Fields, boolean, required, text, texts, time_of_day, wall_clock
from .refusals import DONE, bad_value, unknown
from .users import name_of
from .visits import Call, Visit, found, listed, manage
from .world import Group, Lock, SiteUser, TimeSchedule

# --- groups ---------------------------------------------------------------------------------------------


def list_groups(call: Call) -> Answer:
    return listed(call, [views.group(group) for group in manage(call).site.groups])


def create_group(call: Call) -> Answer:
    """Names need not differ."""
    visit = manage(call)
    fields = visit.body()
    name = required(fields, "customer_reference", text(fields, "customer_reference"))
    group = Group(call.home.new_id(), name)
    visit.site.groups.append(group)
    visit.written("create_group", name, group.id)
    return json_answer(views.group(group))


def delete_group(call: Call) -> Answer:
    visit = manage(call)
    group = visit.group()
    visit.site.groups.remove(group)
    for lock_id in group.lock_ids:
        visit.courier.lock_changed(visit.site, group, lock_id)
    visit.written("delete_group", group.customer_reference, group.id)
    return DONE


# --- locks ----------------------------------------------------------------------------------------------


def list_locks(call: Call) -> Answer:
    visit = manage(call)
    locks = [found(visit.site.lock(lock_id), "Lock") for lock_id in visit.group().lock_ids]
    return listed(call, [views.lock(visit.site, lock, call.now) for lock in locks])


def add_lock(call: Call) -> Answer:
    """A lock that is in the group already stays there without a word."""
    visit = manage(call)
    group, fields = visit.group(), visit.body()
    lock = _lock(visit, required(fields, "lock_id", text(fields, "lock_id")))
    _change_locks(visit, group, [lock], [])
    return json_answer({"id": lock.id, "customer_reference": lock.customer_reference})


def remove_lock(call: Call) -> Answer:
    visit = manage(call)
    group, lock = visit.group(), visit.lock()
    if lock.id not in group.lock_ids:
        raise unknown("Lock")
    _change_locks(visit, group, [], [lock])
    return DONE


def change_locks(call: Call) -> Answer:
    visit = manage(call)
    group, fields = visit.group(), visit.body()
    added, removed = (
        [_lock(visit, lock_id) for lock_id in texts(fields, name) or ()] for name in ("add_ids", "remove_ids")
    )
    _change_locks(visit, group, added, removed)
    return DONE


def _lock(visit: Visit, lock_id: str) -> Lock:
    return found(visit.site.lock(lock_id.lower()), "Lock")


def _change_locks(visit: Visit, group: Group, added: list[Lock], removed: list[Lock]) -> None:
    for lock in removed:
        if lock.id in group.lock_ids:
            group.lock_ids.remove(lock.id)
            visit.courier.lock_changed(visit.site, group, lock.id)
            visit.written("remove_lock", f"{group.customer_reference} / {lock.customer_reference}", lock.id)
    for lock in added:
        if lock.id not in group.lock_ids:
            group.lock_ids.append(lock.id)
            visit.courier.lock_changed(visit.site, group, lock.id)
            visit.written("add_lock", f"{group.customer_reference} / {lock.customer_reference}", lock.id)


# --- members --------------------------------------------------------------------------------------------


def list_members(call: Call) -> Answer:
    """The `user` objects: what carries the platform id (5.1)."""
    visit = manage(call)
    people = [call.home.people[user_id] for user_id in visit.group().members]
    return listed(call, [views.person(person, visit.site) for person in people])


def add_member(call: Call) -> Answer:
    visit = manage(call)
    group, fields = visit.group(), visit.body()
    user = _member(visit, required(fields, "user_id", text(fields, "user_id")))
    _change_members(visit, group, [user], [])
    return json_answer(views.person(call.home.people[user.user_id], visit.site))


def remove_member(call: Call) -> Answer:
    visit = manage(call)
    group = visit.group()
    user = visit.site.user_of(call.ids["user_id"])
    if user is None or user.user_id not in group.members:
        raise unknown("User")
    _change_members(visit, group, [], [user])
    return DONE


def change_members(call: Call) -> Answer:
    visit = manage(call)
    group, fields = visit.group(), visit.body()
    added, removed = (
        [_member(visit, user_id) for user_id in texts(fields, name) or ()]
        for name in ("add_ids", "remove_ids")
    )
    _change_members(visit, group, added, removed)
    return DONE


def _member(visit: Visit, user_id: str) -> SiteUser:
    """A site user's id is not found, and neither is somebody who was created only now (2.4, 5.4)."""
    user = visit.site.user_of(user_id.lower())
    if user is None or visit.call.now < user.ready_at:
        raise unknown("User")
    return user


def _change_members(visit: Visit, group: Group, added: list[SiteUser], removed: list[SiteUser]) -> None:
    for user in removed:
        if user.user_id in group.members:
            group.members.remove(user.user_id)
            visit.courier.member_changed(visit.site, group, user)
            visit.written("remove_member", _pair(visit, group, user), user.user_id)
    for user in added:
        if user.user_id not in group.members:
            group.members.append(user.user_id)
            visit.courier.member_changed(visit.site, group, user)
            visit.written("add_member", _pair(visit, group, user), user.user_id)


def _pair(visit: Visit, group: Group, user: SiteUser) -> str:
    return f"{group.customer_reference} / {name_of(visit.home, user)}"


# --- schedules ------------------------------------------------------------------------------------------


def list_schedules(call: Call) -> Answer:
    return listed(call, [views.time_schedule(held) for held in manage(call).group().schedules])


def create_schedule(call: Call) -> Answer:
    visit = manage(call)
    group = visit.group()
    schedule = read_schedule(visit.body(), call.home.new_id())
    group.schedules.append(schedule)
    visit.courier.schedule_changed(visit.site, group, schedule.id)
    visit.written("create_schedule", group.customer_reference, schedule.id)
    return json_answer(views.time_schedule(schedule))


def update_schedule(call: Call) -> Answer:
    """The body is the whole schedule: a date that it does not name is taken away."""
    visit = manage(call)
    group, held = visit.group(), _schedule(visit)
    schedule = read_schedule(visit.body(), held.id)
    group.schedules[group.schedules.index(held)] = schedule
    visit.courier.schedule_changed(visit.site, group, schedule.id)
    visit.written("update_schedule", group.customer_reference, schedule.id)
    return json_answer(views.time_schedule(schedule))


def delete_schedule(call: Call) -> Answer:
    visit = manage(call)
    group, held = visit.group(), _schedule(visit)
    group.schedules.remove(held)
    visit.courier.schedule_changed(visit.site, group, held.id)
    visit.written("delete_schedule", group.customer_reference, held.id)
    return DONE


def _schedule(visit: Visit) -> TimeSchedule:
    return found(visit.group().schedule(visit.call.ids["schedule_id"]), "Time schedule")


def read_schedule(fields: Fields, schedule_id: str) -> TimeSchedule:
    """
    The rules of 5.2. Whether the daily window has to lie inside the dates is not checked: the recipe that
    hotels use (5.3) would break that.

    Raises:
        Refusal: 1101, or 1100 for a time that is missing.
    """
    days = [bool(boolean(fields, day)) for day in views.DAYS]
    if not any(days):
        raise bad_value("At least one day should be selected")
    start = required(fields, "start_time", time_of_day(fields, "start_time", is_end=False))
    end = required(fields, "end_time", time_of_day(fields, "end_time", is_end=True))
    first = wall_clock(fields, "start_date", is_end=False)
    last = wall_clock(fields, "end_date", is_end=True)
    if start >= end or (first is not None and last is not None and first >= last):
        raise bad_value("The start should be before the end")
    return TimeSchedule(schedule_id, days, start, end, first, last)
