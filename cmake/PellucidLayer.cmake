# One static library a layer. The libraries that a layer links are the only
# ones whose headers it may include (tools/check_layers proves it).
#
#   pellucid_layer(formats LAYERS kernels base LIBRARIES simdjson::simdjson)
#
# Sources are src/<layer>/*.cc and the folders below, less *_test.cc, which make
# the program <layer>_test.

set(PELLUCID_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wpedantic)
if(PELLUCID_WERROR)
  list(APPEND PELLUCID_WARNINGS -Werror)
endif()

# Flags that the numbers depend on: a multiplication and an addition are fused
# where the source says so and nowhere else (docs/numerics.md), and what a
# surrounding project adds to its own code does not reach ours.
set(PELLUCID_NUMERIC_FLAGS -fno-fast-math -ffp-contract=off)

function(pellucid_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_compile_options(${target} PRIVATE ${PELLUCID_WARNINGS}
                                           ${PELLUCID_NUMERIC_FLAGS})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include
                                       PRIVATE ${PROJECT_SOURCE_DIR}/src)
endfunction()

function(pellucid_layer layer)
  cmake_parse_arguments(ARG "" "" "LAYERS;LIBRARIES" ${ARGN})
  set(dir ${PROJECT_SOURCE_DIR}/src/${layer})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${dir}/*.cc ${dir}/*.h)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")

  set(target pellucid_${layer})
  add_library(${target} STATIC ${sources})
  # Position-independent and with hidden names: the same objects make a shared
  # library, which shows what pellucid/export.h marks.
  set_target_properties(
    ${target} PROPERTIES LINKER_LANGUAGE CXX POSITION_INDEPENDENT_CODE ON
                         CXX_VISIBILITY_PRESET hidden
                         VISIBILITY_INLINES_HIDDEN ON)
  pellucid_options(${target})
  list(TRANSFORM ARG_LAYERS PREPEND pellucid_)
  target_link_libraries(${target} PUBLIC ${ARG_LAYERS}
                                  PRIVATE ${ARG_LIBRARIES})
  set_property(TARGET ${target} PROPERTY PELLUCID_LIBRARIES ${ARG_LIBRARIES})

  if(PELLUCID_BUILD_TESTS AND tests)
    pellucid_test(${layer}_test SOURCES ${tests} LIBRARIES ${target}
                                                           ${ARG_LIBRARIES})
  endif()
endfunction()

# The target pellucid::pellucid: the objects of `LAYERS` as one library, so that
# others neither see the layers nor depend on what they are called. Static, or
# shared with BUILD_SHARED_LIBS.
function(pellucid_library)
  cmake_parse_arguments(ARG "" "" "LAYERS" ${ARGN})
  set(objects "")
  set(libraries "")
  foreach(layer ${ARG_LAYERS})
    list(APPEND objects $<TARGET_OBJECTS:pellucid_${layer}>)
    get_property(of_layer TARGET pellucid_${layer} PROPERTY PELLUCID_LIBRARIES)
    list(APPEND libraries ${of_layer})
  endforeach()
  list(REMOVE_DUPLICATES libraries)

  add_library(pellucid ${objects})
  add_library(pellucid::pellucid ALIAS pellucid)
  # Before 1.0 a minor version may change the interface.
  set_target_properties(
    pellucid
    PROPERTIES LINKER_LANGUAGE CXX VERSION ${PROJECT_VERSION}
               SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  target_compile_features(pellucid INTERFACE cxx_std_20)
  target_include_directories(
    pellucid INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_link_libraries(pellucid PRIVATE ${libraries})
endfunction()

# A GoogleTest program whose cases ctest lists one by one.
function(pellucid_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  pellucid_options(${name})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(
    ${name} PRIVATE PELLUCID_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                    PELLUCID_BINARY_DIR="${PROJECT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES} pellucid_testutil
                                        GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 600)
endfunction()
