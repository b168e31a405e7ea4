#include "actors/supervision/standing.hpp"

#include <algorithm>

namespace lode {

namespace {

/// Why one part of the work does not get on; none: it does.
struct wait {
  wait_reason reason = wait_reason::none;
  instant since{};
  std::optional<instant> until{};
  std::string detail{};
};

bool is_reader(const work_line& x) {
  return x.who == worker::miner || x.who == worker::sweeper;
}

std::string named(const work_line& x, const std::string& why) {
  return why.empty() ? x.what : x.what + ": " + why;
}

wait because(wait_reason reason, const work_line& x, std::string detail) {
  return {reason, x.since, x.until, std::move(detail)};
}

/// Between two tries everything that it does belongs to the trouble.
wait in_trouble(const work_line& x) {
  auto text = x.trouble_text;
  if (x.attempts > 1)
    text += " (" + std::to_string(x.attempts) + " tries)";
  const auto until = x.step == doing::pausing || x.step == doing::quota ? x.until : std::nullopt;
  return {x.trouble, x.trouble_since, until, std::move(text)};
}

bool waits_long(const work_line& x, instant now) {
  return now - x.since >= longest_short_wait || (x.until && *x.until - now >= longest_short_wait);
}

wait held_back(const work_line& x, instant now) {
  if (x.trouble == wait_reason::quota)
    return in_trouble(x);
  if (!waits_long(x, now))
    return {};
  return x.step == doing::quota ? because(wait_reason::quota, x, named(x, x.detail))
                                : because(wait_reason::queued, x, named(x, "the node's memory for responses is used up by others"));
}

/// What it hands on, or waits for, beside the API.
wait of_the_node(const work_line& x, const standing_inputs& inputs) {
  const auto lasts = inputs.now - x.since;
  switch (x.step) {
    case doing::committing:
    case doing::sweeping:
      if (lasts >= slow_commit)
        return because(wait_reason::store_slow, x, named(x, "what was read has not been committed yet"));
      break;
    case doing::resuming:
    case doing::leaseless:
      if (lasts >= slow_commit)
        return because(wait_reason::store_slow, x, named(x, "PostgreSQL has not said yet whether it is still this node's work"));
      break;
    case doing::permit:
    case doing::starting:
    case doing::quarantined:
    case doing::parsing:
      if (lasts >= slow_commit)
        return because(wait_reason::queued, x, named(x, "others are before it on this node"));
      break;
    default:
      break;
  }
  return {};
}

wait of_the_api(const work_line& x, instant now) {
  const bool is_slow = x.step == doing::fetching ? x.until && *x.until <= now : now - x.since >= std::chrono::seconds{10};
  if (!is_slow)
    return x.trouble != wait_reason::none ? in_trouble(x) : wait{};
  auto what = x.step == doing::fetching ? "a request has no answer yet" : "its token endpoint has no answer yet";
  return {wait_reason::api_slow, x.trouble == wait_reason::api_slow ? x.trouble_since : x.since, {},
          x.trouble_text.empty() ? named(x, what) : named(x, std::string{what} + "; before: " + x.trouble_text)};
}

wait judged(const work_line& x, const standing_inputs& inputs) {
  switch (x.step) {
    case doing::quota:
    case doing::bytes:
      return held_back(x, inputs.now);
    case doing::fetching:
    case doing::token:
      return of_the_api(x, inputs.now);
    case doing::pausing:
      return in_trouble(x);
    default:
      break;
  }
  auto found = of_the_node(x, inputs);
  return found.reason == wait_reason::none && x.trouble != wait_reason::none ? in_trouble(x) : found;
}

/// The graver one; of equals since the earlier begin, until the earlier end.
void keep_graver(std::optional<wait>& kept, wait other) {
  if (!kept || other.reason > kept->reason) {
    kept = std::move(other);
  } else if (other.reason == kept->reason) {
    kept->since = std::min(kept->since, other.since);
    if (other.until && (!kept->until || *other.until < *kept->until))
      kept->until = other.until;
  }
}

wait without_readers(const work_line& run, instant now) {
  if (run.trouble != wait_reason::none)
    return {run.trouble, run.trouble_since, run.until, run.trouble_text};
  if (now - run.since < slow_commit)
    return {};
  return because(wait_reason::queued, run, named(run, run.detail.empty() ? "nothing of it is being read yet" : run.detail));
}

wait stopped_by_store(const connection_work& work, const standing_inputs& inputs) {
  wait out{wait_reason::store_slow, inputs.now, {}, "PostgreSQL cannot commit: " + inputs.store_says};
  for (const auto* part : work.parts)
    if (is_reader(*part))
      out.since = std::min(out.since, part->since);
  return out;
}

wait of_readers(const connection_work& work, const work_line& run, const standing_inputs& inputs) {
  std::optional<wait> gravest;
  bool gets_on = false;
  for (const auto* part : work.parts) {
    if (!is_reader(*part))
      continue;
    auto found = judged(*part, inputs);
    gets_on |= found.reason == wait_reason::none;
    keep_graver(gravest, std::move(found));
  }
  if (!gravest)
    return without_readers(run, inputs.now);
  return gets_on ? wait{} : std::move(*gravest);
}

} // namespace

std::optional<told_standing> judge_standing(const connection_work& work, const standing_inputs& inputs) {
  const work_line* run = nullptr;
  wait found;
  for (const auto* part : work.parts)
    if (part->who == worker::run && (!run || part->since < run->since))
      run = part;
  if (run) {
    found = of_readers(work, *run, inputs);
    if (found.reason == wait_reason::none)
      found.since = run->since;
    // Of what an API refuses to give nothing is held up by the store.
    if (inputs.is_store_out && found.reason < wait_reason::api_slow)
      found = stopped_by_store(work, inputs);
  }
  bool is_unheard = false;
  for (const auto* part : work.parts)
    if (part->who == worker::capture && part->trouble == wait_reason::not_heard && inputs.now - part->trouble_since >= slow_listening) {
      is_unheard = true;
      if (found.reason < wait_reason::not_heard)
        found = {wait_reason::not_heard, part->trouble_since, part->step == doing::pausing ? part->until : std::nullopt, part->trouble_text};
    }
  if (!run && !is_unheard)
    return std::nullopt;
  if (found.until && *found.until <= inputs.now)
    found.until.reset();
  told_standing out;
  out.connection = work.connection;
  out.reason = found.reason;
  out.since = found.since;
  out.until = found.until;
  out.detail = found.reason == wait_reason::none ? std::string{} : std::move(found.detail);
  return out;
}

} // namespace lode
