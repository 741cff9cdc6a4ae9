# What the library itself is linked with. The build reads this file, and the
# installed package too if it holds a static library, which its users link with
# the same. PELLUCID_MISSING lists what was not found.
#
# Modules of pkg-config come as PkgConfig::PELLUCID_<NAME>, so that they don't
# meet those of a project around this one.
set(PELLUCID_MISSING "")
foreach(pellucid_name TBB fmt simdjson PkgConfig)
  find_package(${pellucid_name} QUIET)
  if(NOT ${pellucid_name}_FOUND)
    list(APPEND PELLUCID_MISSING ${pellucid_name})
  endif()
endforeach()

if(PkgConfig_FOUND)
  foreach(pellucid_name HWY=libhwy UTF8PROC=libutf8proc ONIG=oniguruma
                        CURL=libcurl ZLIB=zlib)
    string(REPLACE "=" ";" pellucid_name ${pellucid_name})
    list(POP_BACK pellucid_name pellucid_module)
    pkg_check_modules(PELLUCID_${pellucid_name} QUIET IMPORTED_TARGET
                      ${pellucid_module})
    if(NOT PELLUCID_${pellucid_name}_FOUND)
      list(APPEND PELLUCID_MISSING "${pellucid_module} (pkg-config)")
    endif()
  endforeach()
endif()
unset(pellucid_name)
unset(pellucid_module)
