#include "runtime/extraction/record_maker.hpp"

#include "messages/type_ids.hpp"
#include "runtime/extraction/content_hash.hpp"
#include "runtime/extraction/dead_records.hpp"
#include "runtime/extraction/processor_steps.hpp"
#include "runtime/extraction/record_key.hpp"
#include "runtime/extraction/transformations.hpp"

namespace lode {

shaped_record record_maker::shape(json_node received, expression::context& names) {
  if (received.document().is_too_deep(received))
    return dead(received, "nested deeper than " + std::to_string(json_document::max_depth) + " levels");
  if (!changes_records(stream_) || !received.is(json_kind::map))
    return take_through_steps(received, received);
  auto text = transform_record(stream_, received, names);
  if (!text)
    return dead(received, message_of(text.error()));
  if (!*text)
    return {shaped_record::fate::filtered};
  scratch_.changed_text = std::move(**text);
  if (auto error = scratch_.changed.parse(scratch_.changed_text))
    return dead(received, "after the transformations: " + message_of(error));
  return take_through_steps(scratch_.changed.root(), received);
}

shaped_record record_maker::take_through_steps(json_node record, json_node received) {
  if (!record.is(json_kind::map)) {
    auto found = stream_.lode.steps.empty() ? cut_text(record.raw(), 40) : std::string{"something else"};
    return dead(received, "a record is " + found + ", an object is needed");
  }
  if (stream_.lode.steps.empty())
    return {shaped_record::fate::kept, record, record};
  auto stepped = run_steps(stream_.lode.steps, record, {hash_seed_});
  scratch_.stepped_text = std::move(stepped.text);
  shaped_record out{shaped_record::fate::kept, record};
  if (stepped.result.what == step_result::fate::drop) {
    out.what = shaped_record::fate::dropped;
    return out;
  }
  if (stepped.result.what == step_result::fate::bury) {
    out.reason = std::move(stepped.result.reason);
    out.shown = scratch_.stepped_text;
  } else if (auto error = scratch_.stepped.parse(scratch_.stepped_text)) {
    out.reason = "after the steps: " + message_of(error);
  } else if (!scratch_.stepped.root().is(json_kind::map)) {
    out.reason = "the steps left no object";
  } else {
    out.record = scratch_.stepped.root();
    return out;
  }
  out.what = shaped_record::fate::dead;
  return out;
}

shaped_record record_maker::dead(json_node received, std::string reason) const {
  shaped_record out{shaped_record::fate::dead};
  out.reason = std::move(reason);
  if (stream_.lode.steps.empty())
    out.shown = received.raw();
  return out;
}

std::string record_maker::identify(json_node record, hashed_record& into) const {
  if (!stream_.primary_key.empty()) {
    auto reading = read_key(record, stream_.primary_key);
    if (!reading.problem.empty())
      return std::move(reading.problem);
    into.key = std::move(reading.key);
  }
  if (stream_.lode.ordering_field.empty())
    return {};
  auto order = read_order(record, stream_.lode.ordering_field, stream_.lode.ordering_format);
  if (!order)
    return order.error().message;
  into.order_field = *order;
  return {};
}

content_hash record_maker::hash(json_node record) {
  return hash_of(scratch_.canonical.write(record, ignored_), hash_seed_);
}

} // namespace lode
