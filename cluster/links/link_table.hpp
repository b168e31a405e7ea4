#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cluster/links/peer_codec.hpp"

namespace lode {

/// What a node says of itself when it dials or is dialled.
struct link_self {
  std::string name;
  incarnation self;
  std::string cluster;
  uint32_t wire_version = cluster_wire_version;
  bool listens = true;
};

/// Who is dialled when, who is refused and why. Of two nodes the one with the lower name dials: two that dial each other at once
/// lose links. Pure: time is an argument, acts are the actor's.
class link_table {
public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds first_wait{100};
  static constexpr std::chrono::milliseconds longest_wait{5'000};
  /// A link that lasted so long was a good one: the next wait is the first again.
  static constexpr std::chrono::milliseconds good_link{5'000};
  /// A node that should have dialled for so long is spoken of.
  static constexpr std::chrono::milliseconds overdue_after{15'000};

  explicit link_table(link_self self) : self_(std::move(self)) {}

  /// Takes over a view; returns the lives that were linked or dialled and are not in it.
  std::vector<incarnation> see(const cluster_view& view, time_point now);

  struct dial {
    incarnation peer;
    std::string name;
    std::string address;
    uint64_t attempt = 0;
  };
  /// Those to be dialled now; they count as dialled until up(), failed() or down().
  std::vector<dial> due(time_point now);
  /// Whether the outcome of this dial still matters.
  bool is_current(incarnation peer, uint64_t attempt) const;

  void up(incarnation peer, time_point now);
  void down(incarnation peer, const std::string& why, time_point now);
  /// A dial came to nothing. `is_refusal`: only a person can remove the reason. True: say so in the log, it is new.
  bool failed(incarnation peer, const std::string& why, bool is_refusal, time_point now);
  /// A peer that dialled was refused for good. True: say so in the log, it is new.
  bool refused(const peer_hello& hello, const std::string& why);
  /// Peers that should have dialled long ago and of which that was not said before.
  std::vector<std::string> overdue(time_point now);

  /// The answer to one who dials.
  peer_hello_answer judge(const peer_hello& hello) const;
  /// Of the answer of one who was dialled: "" = the link is good, else what is wrong with it.
  std::string judge(incarnation peer, const peer_hello_answer& answer) const;

  peer_hello hello_to(incarnation peer) const;
  bool knows(incarnation peer) const { return peers_.count(peer) > 0; }
  /// Its name, "" of a stranger.
  std::string name_of(incarnation peer) const;
  const link_self& self() const noexcept { return self_; }
  /// By name.
  std::vector<peer_link> links() const;

private:
  struct peer {
    std::string name;
    std::string address;
    link_phase phase = link_phase::due;
    std::string why;
    std::chrono::milliseconds wait = first_wait;
    time_point since{}; ///< of the phase
    time_point next{};  ///< dialled not before
    uint64_t attempt = 0;
    bool was_told_overdue = false;
  };
  link_phase resting(const peer& p) const;
  bool is_news(const std::string& name, const std::string& why);

  link_self self_;
  std::map<incarnation, peer> peers_;
  std::set<std::pair<std::string, std::string>> told_;
  uint64_t attempts_ = 0;
};

} // namespace lode
