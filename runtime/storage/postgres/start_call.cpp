#include "runtime/storage/postgres/start_call.hpp"

#include "runtime/storage/postgres/instants.hpp"

namespace lode {

namespace {

/// Cursors are moved, passes begin and gaps are taken once the run has its row, which is under the fence.
constexpr statement start{"start_run", "SELECT out_run, out_opened, lode_skip_cursors($12::bigint[], $13::text[], "
                                       "$14::bigint[], $15::bigint[]), lode_open_sweeps(out_run, $4::bigint, "
                                       "$16::bigint, $17::bigint, $18::text, $19::bigint[], $20::boolean[], "
                                       "$21::boolean[], $22::bigint[], $23::bigint[], $24::bigint[]), "
                                       "lode_plan_repair(out_run, $2::bigint, $5::bigint, $17::bigint, $18::text, "
                                       "$25::bigint, $26::bigint, $27::bigint[]) "
                                       "FROM lode_begin_run($1::bigint, $2::bigint, "
                                       "$3::bigint, $4::bigint, $5::bigint, $6::bigint[], $7::text[], $8::bigint[], "
                                       "$9::bigint[], $10::bytea[], $11::bigint)"};

void add_skips(parameters& out, const std::vector<cursor_skip>& skips) {
  std::vector<int64_t> streams, from, to;
  std::vector<std::string_view> partitions;
  for (const auto& skip : skips) {
    streams.push_back(skip.stream.value);
    partitions.push_back(skip.partition);
    from.push_back(micros(skip.from));
    to.push_back(micros(skip.to));
  }
  out.add(std::span<const int64_t>{streams}).add_texts(partitions);
  out.add(std::span<const int64_t>{from}).add(std::span<const int64_t>{to});
}

void add_passes(parameters& out, const run_start& wanted) {
  std::vector<int64_t> streams, settles, need_of, needs;
  std::vector<uint8_t> begins, patient;
  for (const auto& pass : wanted.passes) {
    streams.push_back(pass.stream.value);
    begins.push_back(pass.reads_all ? 1 : 0);
    patient.push_back(pass.is_patient ? 1 : 0);
    settles.push_back(pass.settles.count());
    for (auto need : pass.needs) {
      need_of.push_back(pass.stream.value);
      needs.push_back(need.value);
    }
  }
  out.add(wanted.stamp.counter)
    .add(wanted.edition)
    .add_text(wanted.source_version)
    .add(std::span<const int64_t>{streams});
  out.add_bools(begins).add_bools(patient).add(std::span<const int64_t>{settles});
  out.add(std::span<const int64_t>{need_of}).add(std::span<const int64_t>{needs});
}

} // namespace

const statement& start_statement() {
  return start;
}

parameters start_parameters(incarnation self, const run_start& wanted) {
  std::vector<int64_t> streams, from, to;
  std::vector<std::string_view> partitions, states;
  for (const auto& open : wanted.first) {
    streams.push_back(open.stream.value);
    partitions.push_back(open.partition);
    from.push_back(micros(open.slice.from));
    to.push_back(micros(open.slice.to));
    states.push_back(open.state);
  }
  parameters values;
  values.add(self.value).add(wanted.connection.value).add(wanted.claim.shard.value);
  values.add(wanted.claim.epoch.value).add(static_cast<int64_t>(wanted.kind)).add(std::span<const int64_t>{streams});
  values.add_texts(partitions).add(std::span<const int64_t>{from}).add(std::span<const int64_t>{to});
  values.add_byte_strings(states);
  values.add(wanted.next_due ? std::optional{micros(*wanted.next_due)} : std::nullopt);
  add_skips(values, wanted.skips);
  add_passes(values, wanted);
  values.add(wanted.repairs ? std::optional{micros(wanted.repairs->from)} : std::nullopt);
  values.add(wanted.repairs ? std::optional{micros(wanted.repairs->to)} : std::nullopt);
  std::vector<int64_t> hears_deletes;
  for (auto stream : wanted.hears_deletes)
    hears_deletes.push_back(stream.value);
  values.add(std::span<const int64_t>{hears_deletes});
  return values;
}

} // namespace lode
