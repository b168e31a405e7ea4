#pragma once

#include <array>
#include <string_view>

/// Which names a template may read, by the place where it stands (`parameters` always).
namespace lode::scopes {

inline constexpr std::array<std::string_view, 1> config{"config"};
inline constexpr std::array<std::string_view, 5> request{"config", "stream_slice", "stream_partition",
                                                         "stream_interval", "next_page_token"};
inline constexpr std::array<std::string_view, 5> paging{"config", "response", "headers", "last_record",
                                                        "last_page_size"};
inline constexpr std::array<std::string_view, 2> page_size{"config", "response"};
inline constexpr std::array<std::string_view, 6> record{"config",           "record",          "stream_slice",
                                                        "stream_partition", "stream_interval", "next_page_token"};
/// Conditions of AddFields and RemoveFields.
inline constexpr std::array<std::string_view, 9> change{"config",          "record",          "stream_slice",
                                                        "stream_partition", "stream_interval", "next_page_token",
                                                        "value",           "path",            "property"};
inline constexpr std::array<std::string_view, 2> answer{"response", "headers"};
inline constexpr std::array<std::string_view, 3> error_message{"config", "response", "headers"};

/// Texts that a listener sends, and of them those that concern an event.
inline constexpr std::array<std::string_view, 2> live{"config", "streams"};
inline constexpr std::array<std::string_view, 3> live_event{"config", "streams", "event_id"};
/// The request of one record: `keys` are the fields of its key.
inline constexpr std::array<std::string_view, 3> fetch{"config", "key", "keys"};

} // namespace lode::scopes
