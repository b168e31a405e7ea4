#include "runtime/extraction/airbyte_state.hpp"

#include <boost/algorithm/string/join.hpp>

#include <algorithm>
#include <map>

#include "config/text_values.hpp"
#include "runtime/expression/datetime_format.hpp"
#include "runtime/expression/python_text.hpp"
#include "runtime/extraction/airbyte_message.hpp"
#include "runtime/extraction/canonical_form.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"
#include "runtime/extraction/json_value.hpp"
#include "runtime/extraction/slicer.hpp"

namespace lode {

using boost::algorithm::join;
using expression::kind;
using expression::value;
using expression::value_map;

namespace {

constexpr size_t most_mistakes = 20; ///< that one answer names

std::string keys_of(const value_map& map) {
  std::vector<std::string> names;
  for (const auto& [name, item] : map)
    names.push_back(name);
  return names.empty() ? "nothing" : join(names, ", ");
}

bool is_true_member(const value_map& map, std::string_view name) {
  const auto* found = map.find(name);
  return found && expression::is_true(*found);
}

/// Airbyte writes the partition of a parent that has none as an empty object; here it is left out.
value without_empty_parents(const value& partition) {
  value_map out;
  for (const auto& [name, item] : partition.map()) {
    auto is_parent = name == "parent_slice" && item.is(kind::map);
    if (!is_parent || !item.map().empty())
      out.set(name, is_parent ? without_empty_parents(item) : item);
  }
  return value{std::move(out)};
}

/// Per router of the stream the names of which a partition has one: a sub-stream has one per parent.
std::vector<std::vector<std::string>> partition_fields(const stream_plan& stream) {
  std::vector<std::vector<std::string>> out;
  for (const auto& router : stream.routers) {
    auto& names = out.emplace_back();
    if (const auto* list = std::get_if<list_router>(&router))
      names.push_back(list->cursor_field);
    else
      for (const auto& parent : std::get<substream_router>(router).parents)
        names.push_back(parent.partition_field);
  }
  return out;
}

bool has_parents(const stream_plan& stream) {
  return std::ranges::any_of(stream.routers, [](const auto& router) { return router.index() == 1; });
}

bool has_extra_fields(const stream_plan& stream) {
  return std::ranges::any_of(stream.routers, [](const auto& router) {
    const auto* sub = std::get_if<substream_router>(&router);
    return sub && std::ranges::any_of(sub->parents, [](const auto& parent) { return !parent.extra_fields.empty(); });
  });
}

/// Turns the states of streams into cursors and gathers what is wrong with them.
class state_reader {
public:
  explicit state_reader(const state_target& target) : target_(target), names_(names_of(target.config, target.now)) {}

  void read(const airbyte_stream_state& entry) {
    where_ = "stream " + entry.stream;
    stream_ = find(entry.stream);
    if (!stream_ || entry.state.is(kind::undefined) || entry.state.is(kind::none))
      return;
    if (!entry.state.is(kind::map))
      return complain("found " + std::string{expression::kind_name(entry.state.kind())} + ", expected an object");
    const auto& state = entry.state.map();
    if (state.empty() || is_true_member(state, "__ab_no_cursor_state_message")
        || is_true_member(state, "__ab_full_refresh_sync_complete"))
      return;
    if (!stream_->incremental)
      return complain("found a state with " + keys_of(state) + ", but it has no cursor in this source");
    if (read_cursor_field())
      read_state(state);
  }

  caf::expected<std::vector<imported_cursor>> finish() {
    if (mistakes_.size() > most_mistakes) {
      auto more = std::to_string(mistakes_.size() - most_mistakes);
      mistakes_.resize(most_mistakes);
      mistakes_.push_back("and " + more + " more");
    }
    if (!mistakes_.empty())
      return failed(errc::bad_argument, join(mistakes_, "; "));
    std::vector<imported_cursor> out;
    for (const auto& [at, known_up_to] : cursors_)
      out.push_back({at.first, at.second, known_up_to});
    return out;
  }

private:
  void complain(const std::string& what) { mistakes_.push_back(where_ + ": " + what); }

  const stream_plan* find(const std::string& name) {
    const auto* plan = target_.source.find(name);
    if (plan && std::ranges::count(target_.streams, name) > 0)
      return plan;
    auto meant = setting_text::nearest_name(name, target_.streams);
    complain((plan ? "this connection does not mine it" : "the source has no such stream")
             + (meant.empty() ? "; it mines " + join(target_.streams, ", ") : ", did you mean " + meant + "?"));
    return nullptr;
  }

  bool read_cursor_field() {
    auto text = text_of(stream_->incremental->cursor_field, names_, "cursor_field");
    if (!text) {
      complain(message_of(text.error()));
      return false;
    }
    field_ = std::move(*text);
    return true;
  }

  void read_state(const value_map& state) {
    const auto* states = state.find("states");
    auto is_per_partition = states || state.find("use_global_cursor") || state.find("parent_state");
    if (is_per_partition && stream_->routers.empty())
      return complain("found states of partitions, but it has none; expected {\"" + field_ + "\": \"...\"}");
    if (stream_->routers.empty())
      return put("", read_moment(state));
    if (!is_per_partition || is_true_member(state, "use_global_cursor"))
      return read_global(state, is_per_partition);
    if (!states || !states->is(kind::list))
      return complain("found no list called states, expected [{\"partition\":{...},\"cursor\":{...}}]");
    for (const auto& each : states->list())
      read_partition(each);
  }

  /// A cursor that counts for all partitions. Those of a sub-stream are not known here.
  void read_global(const value_map& state, bool is_wrapped) {
    if (has_parents(*stream_))
      return complain(
        "found one cursor for all partitions, expected \"states\", one per partition: the partitions of a "
        "sub-stream are known to its parents only. Leave this stream out to read it from the start");
    const auto* inner = is_wrapped ? state.find("state") : nullptr;
    if (is_wrapped && (!inner || !inner->is(kind::map)))
      return complain("found use_global_cursor without an object called state");
    auto moment = read_moment(inner ? inner->map() : state);
    auto partitions = initial_partitions(*stream_, target_.config, target_.now);
    if (!partitions)
      return complain(message_of(partitions.error()));
    if (const auto* lookback = state.find("lookback_window"); moment && lookback && lookback->is_numeric())
      *moment -= std::chrono::seconds{static_cast<int64_t>(lookback->as_double())};
    for (const auto& partition : *partitions)
      put(partition, moment);
  }

  void read_partition(const value& each) {
    const auto* partition = each.is(kind::map) ? each.map().find("partition") : nullptr;
    const auto* cursor = each.is(kind::map) ? each.map().find("cursor") : nullptr;
    if (!partition || !partition->is(kind::map) || !cursor || !cursor->is(kind::map))
      return complain("found " + to_json(each) + " under states, expected {\"partition\":{...},\"cursor\":{...}}");
    auto text = partition_text(*partition);
    if (!text.empty())
      put(text, read_moment(cursor->map()));
  }

  /// As the store names it; "" after a complaint.
  std::string partition_text(const value& partition) {
    if (has_extra_fields(*stream_)) {
      complain("its partitions hold extra_fields here, which Airbyte's state does not name");
      return "";
    }
    auto plain = without_empty_parents(partition);
    auto fields = partition_fields(*stream_);
    std::vector<std::string> expected;
    size_t found = 0;
    for (const auto& names : fields) {
      expected.push_back(join(names, " or "));
      found += std::ranges::count_if(names, [&](const auto& name) { return plain.map().find(name); }) == 1 ? 1 : 0;
    }
    auto others = plain.map().size() - (plain.map().find("parent_slice") ? 1 : 0);
    auto fits = found == fields.size() && found == others;
    std::string text;
    if (!fits || canonical_form(to_json(plain), {}, text))
      complain("found the partition " + to_json(partition) + ", expected the fields " + join(expected, ", "));
    return fits ? text : "";
  }

  std::optional<instant> read_moment(const value_map& cursor) {
    if (const auto* type = cursor.find("state_type"); type && expression::equal(*type, "date-range"))
      return read_range(cursor);
    const auto* found = cursor.find(field_);
    if (found)
      return parse(*found);
    complain("found " + keys_of(cursor) + ", expected its cursor field " + field_);
    return std::nullopt;
  }

  /// The form that keeps what was read as spans: where the only one ends.
  std::optional<instant> read_range(const value_map& cursor) {
    const auto* slices = cursor.find("slices");
    auto is_one = slices && slices->is(kind::list) && slices->list().size() == 1 && slices->list()[0].is(kind::map);
    const auto* latest = is_one ? slices->list()[0].map().find("most_recent_cursor_value") : nullptr;
    if (is_one && !latest)
      latest = slices->list()[0].map().find("end");
    if (latest)
      return parse(*latest);
    complain("found a date-range state with other than one slice, expected one with an end: let a sync finish first");
    return std::nullopt;
  }

  std::optional<instant> parse(const value& item) {
    const auto& plan = *stream_->incremental;
    auto formats = plan.cursor_formats;
    formats.push_back(plan.datetime_format);
    for (const auto& format : formats)
      if (auto date = expression::parse_date_value(item, format))
        return to_instant(*date);
    std::ranges::sort(formats);
    formats.erase(std::ranges::unique(formats).begin(), formats.end());
    complain("found " + field_ + " = " + to_json(item) + ", expected a datetime in the format "
             + join(formats, " or "));
    return std::nullopt;
  }

  void put(const std::string& partition, std::optional<instant> known_up_to) {
    if (known_up_to)
      cursors_[{stream_->name, partition}] = *known_up_to;
  }

  const state_target& target_;
  expression::context names_;
  const stream_plan* stream_ = nullptr;
  std::string field_; ///< the stream's cursor field
  std::string where_;
  std::map<std::pair<std::string, std::string>, instant> cursors_;
  std::vector<std::string> mistakes_;
};

} // namespace

caf::expected<std::vector<imported_cursor>> read_airbyte_state(std::string_view text, const state_target& target) {
  auto states = read_airbyte_messages(text);
  if (!states)
    return states.error();
  state_reader reader{target};
  for (const auto& each : *states)
    reader.read(each);
  return reader.finish();
}

} // namespace lode
