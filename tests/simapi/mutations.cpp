#include "tests/simapi/mutations.hpp"

#include "tests/simapi/json_fields.hpp"
#include "tests/simapi/random.hpp"
#include "tests/simapi/record_text.hpp"

#include <algorithm>
#include <set>

namespace simapi {
namespace {

namespace json = boost::json;

stream& need_stream(tenant& owner, const std::string& name) {
  for (auto& each : owner.streams)
    if (name_of(each.kind) == name)
      return each;
  throw command_error(404, "stream: found '" + name + "', which tenant " + owner.name + " does not have");
}

/// Draws streams, the fuller the more often, and live records of them.
class lottery {
public:
  lottery(simulation& sim, const json_fields& fields) : world_(sim.world), random_(fields.number<uint64_t>("seed", 1)) {
    auto names = fields.texts("tenants");
    auto kinds = fields.texts("streams");
    std::vector<tenant*> owners;
    for (const auto& name : names)
      owners.push_back(need_tenant(sim, name).data);
    if (names.empty())
      for (auto& each : sim.world.tenants())
        owners.push_back(&each);
    for (auto* owner : owners)
      for (auto& each : owner->streams)
        if (kinds.empty() || std::ranges::find(kinds, name_of(each.kind)) != kinds.end())
          add(*owner, each);
    if (tickets_.empty())
      throw command_error(400, "streams: found none that the chosen tenants have, expected at least one");
  }

  struct ticket {
    uint64_t up_to;
    tenant* owner;
    stream* in;
  };

  const ticket& draw_stream() {
    auto number = random_.below(tickets_.back().up_to);
    return *std::ranges::upper_bound(tickets_, number, {}, &ticket::up_to);
  }

  /// A live record of the stream, or nullptr.
  record* draw_record(stream& in) {
    return in.order.empty() ? nullptr : &in.records[in.order[random_.below(in.order.size())]];
  }

private:
  void add(tenant& owner, stream& in) {
    auto before = tickets_.empty() ? 0 : tickets_.back().up_to;
    tickets_.push_back({before + in.order.size() + 1, &owner, &in});
  }

  world& world_;
  random_sequence random_;
  std::vector<ticket> tickets_;
};

/// Calls `act` with drawn streams until it has succeeded `count` times, or fails too often (nothing is left to draw).
template <class Act>
uint64_t repeat(lottery& from, uint64_t count, Act act) {
  uint64_t done = 0;
  for (uint64_t failures = 0; done < count && failures < 1000 + count;)
    act(from.draw_stream()) ? ++done : ++failures;
  return done;
}

bool insert_one(world& in, lottery& from, const lottery::ticket& where, int64_t now) {
  uint64_t parent = 0;
  if (where.in->kind == stream_kind::comments) {
    auto* post = from.draw_record(*where.owner->find(stream_kind::posts));
    if (!post)
      return false;
    parent = post->number;
  }
  in.insert(*where.owner, *where.in, parent, now);
  return true;
}

std::string mutate_by_count(simulation& sim, const json_fields& fields, int64_t now) {
  lottery from{sim, fields};
  std::set<std::pair<stream*, uint64_t>> edited_keys;
  auto touched = sim.world.parents_touched();
  auto gone = sim.world.records_deleted();
  auto inserted = repeat(from, fields.number<uint64_t>("inserts", 0),
                         [&](const auto& where) { return insert_one(sim.world, from, where, now); });
  auto edited = repeat(from, fields.number<uint64_t>("edits", 0), [&](const auto& where) {
    auto* one = from.draw_record(*where.in);
    if (!one)
      return false;
    edited_keys.emplace(where.in, one->number);
    sim.world.edit(*where.owner, *where.in, *one, now);
    return true;
  });
  repeat(from, fields.number<uint64_t>("deletes", 0), [&](const auto& where) {
    auto* one = from.draw_record(*where.in);
    if (one)
      sim.world.erase(*where.owner, *where.in, *one, now);
    return one != nullptr;
  });
  return json::serialize(json::object{{"inserted", inserted},
                                      {"edited", edited},
                                      {"edited_keys", edited_keys.size()},
                                      {"deleted", sim.world.records_deleted() - gone},
                                      {"parents_touched", sim.world.parents_touched() - touched},
                                      {"sequence", sim.world.sequence()}});
}

/// One element of `ops`.
class step {
public:
  step(simulation& sim, const json::object& body, int64_t now)
    : world_(sim.world), fields_(body, {"op", "tenant", "stream", "key", "parent", "raw", "to_version", "at"}),
      op_(fields_.text("op").value_or("")), owner_(*need_tenant(sim, fields_.text("tenant").value_or("")).data),
      in_(need_stream(owner_, fields_.text("stream").value_or(""))), raw_(fields_.text("raw")),
      now_(fields_.number<int64_t>("at", now)) {
    if (raw_ && raw_->find('\n') != std::string::npos)
      throw command_error(400, "raw: found a line break, expected one line");
  }

  json::object run() {
    auto& changed = op_ == "insert" ? insert() : change();
    return {{"key", world_.key_text(owner_, in_, changed)}, {"version", changed.version_number}};
  }

private:
  record& insert() {
    auto key = fields_.text("key");
    auto* existing = key ? world_.find(in_, *key) : nullptr;
    if (existing && !existing->deleted)
      throw command_error(409, "key: found '" + *key + "', which exists, expected that of a deleted record or a new one");
    const auto* raw = raw_ ? &*raw_ : nullptr;
    if (!existing)
      return world_.insert(owner_, in_, parent_number(), now_, key ? new_number(*key) : 0, raw);
    world_.restore(owner_, in_, *existing, now_, raw);
    return *existing;
  }

  uint64_t new_number(const std::string& key) {
    auto number = number_in_key(key);
    if (number == 0 || (!in_.records.empty() && number <= in_.records.back().number))
      throw command_error(409, "key: found '" + key + "', expected one whose number is above all of the stream's");
    return number;
  }

  uint64_t parent_number() {
    if (in_.kind != stream_kind::comments)
      return 0;
    auto* post = world_.find(*owner_.find(stream_kind::posts), fields_.text("parent").value_or(""));
    if (!post || post->deleted)
      throw command_error(404, "parent: expected the key of a live post");
    return post->number;
  }

  record& change() {
    auto key = fields_.text("key").value_or("");
    auto* one = world_.find(in_, key);
    if (!one || one->deleted)
      throw command_error(404, "key: found '" + key + "', expected that of a live record");
    if (op_ == "edit")
      world_.edit(owner_, in_, *one, now_, raw_ ? &*raw_ : nullptr);
    else if (op_ == "delete")
      world_.erase(owner_, in_, *one, now_);
    else if (op_ == "revert")
      world_.revert(owner_, in_, *one, old_version(*one), now_);
    else
      throw command_error(400, "op: found '" + op_ + "', expected insert, edit, delete or revert");
    return *one;
  }

  uint32_t old_version(const record& one) {
    auto wanted = fields_.number<uint32_t>("to_version", one.version_number - 1);
    if (wanted >= one.version_number)
      throw command_error(409, "to_version: expected a version below " + std::to_string(one.version_number));
    return wanted;
  }

  world& world_;
  json_fields fields_;
  std::string op_;
  tenant& owner_;
  stream& in_;
  std::optional<std::string> raw_;
  int64_t now_;
};

} // namespace

std::string mutate(simulation& sim, const json::object& body, int64_t now) {
  if (sim.frozen)
    throw command_error(409, "mutation is frozen; POST /control/freeze {\"frozen\":false} first");
  json_fields fields{body, {"inserts", "edits", "deletes", "seed", "tenants", "streams", "ops"}};
  const auto* ops = body.if_contains("ops");
  if (!ops)
    return mutate_by_count(sim, fields, now);
  if (!ops->is_array() || body.size() > 1)
    throw command_error(400, "ops: expected a list of steps and no other key beside it");
  json::array results;
  for (const auto& each : ops->get_array()) {
    if (!each.is_object())
      throw command_error(400, "ops: found " + json::serialize(each) + ", expected an object");
    results.push_back(step{sim, each.get_object(), now}.run());
  }
  return json::serialize(json::object{{"results", results}, {"sequence", sim.world.sequence()}});
}

} // namespace simapi
