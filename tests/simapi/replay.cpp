// Bringing the world to where it was: everything that the journal holds, in its order.
#include "tests/simapi/commands.hpp"
#include "tests/simapi/simulation.hpp"

namespace simapi {
namespace {

sending_entry read_sending(simulation& sim, std::string_view body) {
  auto& owner = sim.world.tenants().at(get<uint32_t>(body));
  sending_entry result{owner.find(static_cast<stream_kind>(get<uint8_t>(body))), {}};
  while (!body.empty()) {
    auto index = get<uint32_t>(body);
    result.shown.emplace_back(index, get<uint32_t>(body));
  }
  return result;
}

void replay_command(simulation& sim, std::string_view body) {
  auto real = get<int64_t>(body);
  auto path = body.substr(sizeof(uint32_t));
  auto length = get<uint32_t>(body);
  try {
    apply_command(sim, path.substr(0, length), std::string{path.substr(length)}, real);
  } catch (const command_error&) {
    // It was refused then too.
  }
}

} // namespace

void simulation::replay(const std::vector<journal_entry>& entries) {
  std::map<uint64_t, sending_entry> open;
  for (const auto& [type, text] : entries)
    replay_entry(type, text, open);
  for (auto& [ticket, left] : open)
    mark_sent(*left.in, left.shown, false);
}

void simulation::replay_entry(entry_type type, std::string_view body, std::map<uint64_t, sending_entry>& open) {
  switch (type) {
    case entry_type::header:
      return;
    case entry_type::command:
      return replay_command(*this, body);
    case entry_type::ports: {
      auto data = get<uint16_t>(body), control = get<uint16_t>(body);
      port = config.port != 0 ? config.port : data;
      control_port = config.control_port != 0 ? config.control_port : control;
      return;
    }
    case entry_type::serial: {
      auto& secrets = states.at(get<uint32_t>(body)).secrets;
      secrets.rotation = get<uint32_t>(body);
      secrets.serial = get<uint32_t>(body);
      return;
    }
    case entry_type::sending: {
      auto ticket = get<uint64_t>(body);
      next_ticket_ = std::max(next_ticket_, ticket + 1);
      open[ticket] = read_sending(*this, body);
      return;
    }
    case entry_type::unsent:
      open.erase(get<uint64_t>(body));
      return;
    case entry_type::sent:
      if (auto found = open.extract(get<uint64_t>(body)))
        mark_sent(*found.mapped().in, found.mapped().shown, true);
      return;
    case entry_type::released: {
      auto tenant = get<uint32_t>(body);
      return live.release(tenant, get<uint64_t>(body));
    }
    case entry_type::answered: {
      auto hook = get<uint32_t>(body);
      while (!body.empty())
        live.hooks.forget(hook, get<uint64_t>(body));
      return;
    }
  }
}

} // namespace simapi
