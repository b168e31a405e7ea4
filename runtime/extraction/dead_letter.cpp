#include "runtime/extraction/dead_letter.hpp"

#include "messages/type_ids.hpp"
#include "runtime/extraction/dead_records.hpp"
#include "runtime/extraction/evaluation.hpp"
#include "runtime/extraction/failure.hpp"

namespace lode {

namespace {

/// What stands in the way before the text is looked at; "" = nothing.
std::string why_not_alone(const dead_record& dead, const second_reading& with) {
  const auto& stream = with.stream;
  if (!with.is_of_run)
    return "it came with an event, which may tell of more than the record: the next run reads the record itself";
  if (stream.primary_key.empty())
    return "records of stream " + stream.name + " have no key and are told apart by their place in a page: backfill the range that it is of";
  if (dead.payload.empty())
    return "nothing of the record was kept, since a step of its source may have been about to take secrets out of it: backfill the range that it is of";
  if (dead.payload.size() >= max_dead_payload)
    return "only its first " + std::to_string(max_dead_payload / 1024) + " KiB were kept: backfill the range that it is of";
  return {};
}

} // namespace

caf::expected<hashed_record> read_again(const dead_record& dead, const second_reading& with, record_scratch& scratch) {
  if (auto why = why_not_alone(dead, with); !why.empty())
    return failed(errc::bad_argument, why);
  json_document text;
  if (auto error = text.parse(dead.payload))
    return failed(errc::bad_argument, message_of(error));
  const ignored_fields ignored{with.stream.lode.ignore};
  record_maker maker{with.stream, ignored, with.hash_seed, scratch};
  auto names = names_of(with.config, with.now);
  names.set("stream_slice", expression::value_map{});
  auto shaped = maker.shape(text.root(), names);
  if (shaped.what == shaped_record::fate::dead)
    return failed(errc::bad_argument, shaped.reason);
  if (shaped.what != shaped_record::fate::kept)
    return failed(errc::bad_argument, "the source leaves this record out");
  hashed_record record;
  if (auto problem = maker.identify(shaped.record, record); !problem.empty())
    return failed(errc::bad_argument, problem);
  record.hash = maker.hash(shaped.record);
  record.payload = shaped.record.raw();
  return record;
}

} // namespace lode
