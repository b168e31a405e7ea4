#include "tests/simapi/control.hpp"

namespace simapi {
namespace {

/// Walks over all records of all streams, some at a time.
class truth_reader {
public:
  truth_reader(simulation& sim, const tenant* only, uint64_t since)
    : sim_(sim), since_(since), tenant_(only ? only->index : 0),
      end_(only ? only->index + 1 : sim.world.tenants().size()) {}

  bool operator()(std::string& piece) {
    std::scoped_lock lock{sim_.mutex};
    constexpr size_t enough = 1 << 18;
    while (piece.size() < enough && tenant_ < end_)
      step(piece);
    return !piece.empty();
  }

private:
  void step(std::string& piece) {
    const auto& owner = sim_.world.tenants()[tenant_];
    if (stream_ == owner.streams.size()) {
      ++tenant_;
      stream_ = record_ = 0;
      return;
    }
    const auto& in = owner.streams[stream_];
    if (record_ == in.records.size()) {
      ++stream_;
      record_ = 0;
      return;
    }
    const auto& one = in.records[record_++];
    if (since_ == 0 || one.touched > since_)
      append_line(piece, owner, in, one);
  }

  void append_line(std::string& out, const tenant& owner, const stream& in, const record& one) {
    auto& world = sim_.world;
    out += R"({"tenant":")" + owner.name + R"(","stream":")";
    out.append(name_of(in.kind)).append(R"(","key":")").append(world.key_text(owner, in, one)).append("\"");
    if (in.kind == stream_kind::comments)
      out += R"(,"parent":")" + std::to_string(owner.account) + '_' + std::to_string(one.parent) + '"';
    out += R"(,"deleted":)" + std::string{one.deleted ? "true" : "false"} + R"(,"version":)" + std::to_string(one.version_number);
    if (one.uncertain)
      out += R"(,"uncertain":true)";
    out += R"(,"record":)";
    if (one.deleted)
      out += "null";
    else
      world.append_text(out, owner, in, one, one.current);
    out += R"(,"served":[)";
    append_served(out, owner, in, one);
    out += ']';
    append_deletes(out, one);
    out += "}\n";
  }

  void append_served(std::string& out, const tenant& owner, const stream& in, const record& one) {
    std::string last, text;
    for (auto number : sim_.world.served_versions(one)) {
      text.clear();
      sim_.world.append_text(text, owner, in, one, sim_.world.version_of(one, number));
      if (text == last)
        continue;
      if (!last.empty())
        out += ',';
      out += R"({"version":)" + std::to_string(number) + R"(,"record":)" + text + '}';
      std::swap(last, text);
    }
  }

  /// Which deletions were told by events: each as the version that the record had when it was deleted.
  static void append_deletes(std::string& out, const record& one) {
    if (!one.past || one.past->deletes_sent.empty())
      return;
    out += R"(,"deletes_sent":[)";
    for (auto version : one.past->deletes_sent)
      out += (out.back() == '[' ? "" : ",") + std::to_string(version);
    out += ']';
  }

  simulation& sim_;
  uint64_t since_;
  size_t tenant_, end_;
  size_t stream_ = 0, record_ = 0;
};

} // namespace

std::function<bool(std::string&)> truth_pieces(simulation& sim, const tenant* only, uint64_t since) {
  return truth_reader{sim, only, since};
}

} // namespace simapi
