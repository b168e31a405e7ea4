#include "runtime/manifest/lode_extension_reader.hpp"

#include <array>
#include <charconv>

#include "runtime/expression/datetime_format.hpp"
#include "runtime/manifest/field_readers.hpp"
#include "runtime/manifest/live_reader.hpp"
#include "runtime/manifest/made_by_name.hpp"

namespace lode {

namespace {

constexpr std::array budget_scopes{choice<rate_budget::scope>{"app", rate_budget::scope::app},
                                   choice<rate_budget::scope>{"credential", rate_budget::scope::credential},
                                   choice<rate_budget::scope>{"tenant", rate_budget::scope::tenant},
                                   choice<rate_budget::scope>{"endpoint", rate_budget::scope::endpoint}};

constexpr std::array header_forms{
  choice<limit_header::form>{"used_of_limit", limit_header::form::used_of_limit},
  choice<limit_header::form>{"usage_percent", limit_header::form::usage_percent},
  choice<limit_header::form>{"remaining", limit_header::form::remaining},
  choice<limit_header::form>{"reset_after_seconds", limit_header::form::reset_after_seconds},
  choice<limit_header::form>{"reset_at_epoch", limit_header::form::reset_at_epoch}};

enum class page_order : uint8_t { none, stable, newest_first, newest_created_first };

constexpr std::array page_orders{choice<page_order>{"none", page_order::none}, choice<page_order>{"stable", page_order::stable},
                                 choice<page_order>{"newest_first", page_order::newest_first},
                                 choice<page_order>{"newest_created_first", page_order::newest_created_first}};

void read_dead_limits(const component& block, lode_extension& out) {
  auto limits = block.child("dead_limits");
  if (!limits)
    return;
  limits->refuse_unknown({"share", "records"});
  if (auto* share = limits->field("share")) {
    auto given = share->scalar.as_double();
    if (!share->scalar.is_numeric() || given < 0 || given > 1)
      limits->error("expected a number from 0 to 1, found " + describe(*share), "share");
    else
      out.dead_limits.share = given;
  }
  if (auto records = limits->whole("records"); records && *records >= 0)
    out.dead_limits.records = static_cast<uint64_t>(*records);
  else if (records)
    limits->error("expected 0 or more, found " + std::to_string(*records), "records");
}

void read_timeouts(const component& block, lode_extension& out) {
  auto timeouts = block.child("timeouts");
  if (!timeouts)
    return;
  timeouts->refuse_unknown({"connect", "first_byte", "whole"});
  constexpr std::chrono::milliseconds least{1};
  read_span_field(*timeouts, "connect", least, [&](auto span) { out.timeouts.connect = span; });
  read_span_field(*timeouts, "first_byte", least, [&](auto span) { out.timeouts.first_byte = span; });
  read_span_field(*timeouts, "whole", least, [&](auto span) { out.timeouts.whole = span; });
}

void read_budgets(const component& block, lode_extension& out) {
  for (auto& each : block.children("budgets")) {
    each.refuse_unknown({"scope", "requests", "per"});
    rate_budget budget;
    budget.of = read_choice(each, "scope", budget_scopes, budget.of);
    auto requests = each.whole("requests");
    if (!requests || *requests < 1 || *requests > UINT32_MAX)
      each.error("a budget needs 'requests', at least 1");
    else
      budget.requests = static_cast<uint32_t>(*requests);
    if (!each.has("per"))
      each.error("a budget needs 'per', e.g. 1s, 1m or 1h");
    read_span_field(each, "per", std::chrono::milliseconds{1}, [&](auto span) { budget.per = span; });
    out.budgets.push_back(budget);
  }
}

void read_limit_headers(const component& block, lode_extension& out) {
  for (auto& each : block.children("limit_headers")) {
    each.refuse_unknown({"name", "form", "scope"});
    limit_header header;
    header.name = each.text("name");
    if (header.name.empty())
      each.error("a limit header needs 'name'");
    header.meaning = read_choice(each, "form", header_forms, header.meaning);
    header.of = read_choice(each, "scope", budget_scopes, header.of);
    out.limit_headers.push_back(std::move(header));
  }
}

/// For setups without a registry: the manifest's own pages are `pages` = null.
caf::expected<const miner_kind*> find_miner(const manifest_setup& setup, const std::string& name) {
  static const miner_registry only_default{"miner", {{default_miner, {miner_factory{}, every_part}}}};
  return setup.miners != nullptr ? setup.miners->find(name) : only_default.find(name);
}

/// NAME, or `{NAME: {settings}}`.
void read_miner(const component& block, const manifest_setup& setup, lode_extension& out) {
  const auto* found = block.field("miner");
  if (found == nullptr)
    return;
  const bool has_settings = found->is == manifest_node::shape::map;
  auto name = found->is == manifest_node::shape::scalar ? block.text("miner") : only_key(*found);
  if (name.empty())
    return block.error("a miner is written NAME, or {NAME: {settings}}", "miner");
  auto kind = find_miner(setup, name);
  if (!kind)
    return block.error(message_of(kind.error()), "miner");
  auto settings = has_settings ? *block.child("miner")->child(name) : block.bare_child("miner");
  if (has_settings)
    record_all(settings);
  if (const auto& make = (*kind)->make)
    out.pages = made_by(make, "miner " + name, miner_request{settings});
  else
    settings.refuse_unknown({});
  out.miner = std::move(name);
}

void read_step(const component& step, const step_registry& known, const std::vector<field_path>& key, lode_extension& out) {
  auto name = only_key(step.node());
  if (name.empty())
    return step.error("a step is written {NAME: {settings}}, with {} for no settings");
  auto make = known.find(name);
  if (!make)
    return step.error(message_of(make.error()), name);
  auto settings = step.child(name);
  record_all(*settings);
  if (auto made = made_by(**make, "step " + name, step_request{*settings, key}))
    out.steps.push_back({std::move(name), std::move(made)});
}

void read_steps(const component& block, const std::vector<field_path>& key, const manifest_setup& setup, lode_extension& out) {
  static const step_registry none{"processor step"};
  for (auto& each : block.children("steps"))
    read_step(each, setup.steps != nullptr ? *setup.steps : none, key, out);
}

void read_order(const component& block, lode_extension& out) {
  if (auto* field = block.field("ordering_field"))
    out.ordering_field = block.path_in(*field, "ordering_field").value_or(field_path{});
  out.ordering_format = block.text("ordering_format");
  auto order = read_choice(block, "order", page_orders, page_order::none);
  out.has_stable_order = order == page_order::stable || order == page_order::newest_created_first;
  out.is_newest_first = order == page_order::newest_first || order == page_order::newest_created_first;
}

/// What an early end would be wrong without.
void check_newest_first(const component& block, const lode_extension& read) {
  if (!read.is_newest_first)
    return;
  if (read.ordering_field.empty() || read.ordering_format.empty())
    block.error("newest first by what? It needs ordering_field, and the date format of it as ordering_format", "order");
  if (read.has_stable_order && !read.full_pass_every)
    block.error("edits of older records do not come to the top of this order: it needs full_pass_every, by which they are seen",
                "order");
}

} // namespace

std::optional<std::chrono::milliseconds> read_span(std::string_view text) {
  struct unit {
    std::string_view name;
    int64_t milliseconds;
  };
  constexpr std::array units{unit{"ms", 1}, unit{"s", 1000}, unit{"m", 60'000}, unit{"h", 3'600'000}, unit{"d", 86'400'000}};
  int64_t count = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  auto rest = text.substr(static_cast<size_t>(end - text.data()));
  if (code == std::errc{})
    for (auto& each : units)
      if (rest == each.name && count >= 0 && count <= 1'000'000'000'000 / each.milliseconds)
        return std::chrono::milliseconds{count * each.milliseconds};
  auto iso = expression::parse_iso_duration(text);
  if (!iso || iso->months != 0)
    return std::nullopt;
  return std::chrono::milliseconds{iso->microseconds / 1000};
}

used_parts parts_used_by(const std::string& miner, const manifest_setup& setup) {
  auto kind = find_miner(setup, miner);
  return kind ? (*kind)->uses : every_part;
}

lode_extension read_lode_extension(const component& stream, const std::vector<field_path>& primary_key,
                                   const manifest_setup& setup) {
  lode_extension out;
  out.dead_limits = setup.dead_limits;
  out.delete_brake_percent = setup.delete_brake_percent;
  auto block = stream.child("x-lode");
  if (!block)
    return out;
  block->refuse_unknown({"ordering_field", "ordering_format", "ignore", "settle_time", "full_pass_every", "dead_limits",
                      "page_bytes_estimate", "timeouts", "budgets", "limit_headers", "next_link_hosts", "miner", "steps",
                      "delete_brake_percent", "order", "live"});
  read_miner(*block, setup, out);
  read_steps(*block, primary_key, setup, out);
  read_order(*block, out);
  out.ignore = block->paths("ignore");
  read_span_field(*block, "settle_time", std::chrono::milliseconds{0}, [&](auto span) { out.settle_time = span; });
  read_span_field(*block, "full_pass_every", std::chrono::seconds{1}, [&](auto span) { out.full_pass_every = span; });
  check_newest_first(*block, out);
  read_dead_limits(*block, out);
  if (auto percent = block->whole("delete_brake_percent"); percent && *percent >= 0 && *percent <= 100)
    out.delete_brake_percent = static_cast<uint32_t>(*percent);
  else if (percent)
    block->error("expected 0 to 100, found " + std::to_string(*percent), "delete_brake_percent");
  if (auto bytes = block->whole("page_bytes_estimate"); bytes && *bytes >= 1024 && *bytes <= 268'435'456)
    out.page_bytes_estimate = static_cast<uint64_t>(*bytes);
  else if (bytes)
    block->error("expected 1024 to 268435456 bytes, found " + std::to_string(*bytes), "page_bytes_estimate");
  read_timeouts(*block, out);
  read_budgets(*block, out);
  read_limit_headers(*block, out);
  out.next_link_hosts = block->texts("next_link_hosts");
  out.live = read_live(*block, setup);
  return out;
}

} // namespace lode
