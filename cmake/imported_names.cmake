# What dependencies.cmake found, as targets named lode::*.
if(lode_missing)
  string(REPLACE ";" "\n  " lines "${lode_missing}")
  message(FATAL_ERROR "Lode needs, and setup/packages and setup/caf install:\n  ${lines}")
endif()

add_library(lode_caf INTERFACE)
target_link_libraries(lode_caf INTERFACE CAF::core CAF::io CAF::openssl OpenSSL::SSL)
add_library(lode::caf ALIAS lode_caf)

add_library(lode_boost INTERFACE)
if(NOT LODE_BOOST_INCLUDE STREQUAL "/usr/include")
  target_include_directories(lode_boost SYSTEM INTERFACE $<BUILD_INTERFACE:${LODE_BOOST_INCLUDE}>) # LodeConfig.cmake says its own
endif()
target_compile_definitions(lode_boost INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
                           BOOST_BEAST_SEPARATE_COMPILATION BOOST_JSON_NO_LIB BOOST_URL_NO_LIB)
target_link_libraries(lode_boost INTERFACE Threads::Threads OpenSSL::SSL)
add_library(lode::boost ALIAS lode_boost)

foreach(name pq hiredis simdjson xxhash yaml re2 fmt spdlog sodium protobuf)
  add_library(lode::${name} ALIAS PkgConfig::${name})
endforeach()
add_library(lode::date ALIAS date::date-tz)
