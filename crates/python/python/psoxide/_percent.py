"""What two samples of CPU times say about the time between them."""


def cpu_tot_time(times):
    """All time that passed; guest time is part of user time already."""
    return sum(times) - getattr(times, "guest", 0) - getattr(times, "guest_nice", 0)


def cpu_busy_time(times):
    """Time in which work was done: neither idle nor waiting for I/O."""
    return cpu_tot_time(times) - times.idle - getattr(times, "iowait", 0)


def cpu_times_deltas(t1, t2):
    """What passed between two samples; a counter that went back counts as unchanged."""
    return type(t2)._make([max(0, now - then) for then, now in zip(t1, t2)])


def busy_percent(t1, t2):
    deltas = cpu_times_deltas(t1, t2)
    total = cpu_tot_time(deltas)
    return round(cpu_busy_time(deltas) / total * 100, 1) if total else 0.0


def each_percent(t1, t2):
    deltas = cpu_times_deltas(t1, t2)
    # Less than a second is too little to make parts of.
    scale = 100.0 / max(1, cpu_tot_time(deltas))
    return type(t2)._make([min(max(0.0, round(delta * scale, 1)), 100.0) for delta in deltas])
