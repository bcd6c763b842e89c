#!/usr/bin/env python3
"""Writes policy/capabilities.toml: what the modules, names and attributes of the session image can do.

Usage: /usr/bin/python3 policy/make-capabilities.py > policy/capabilities.toml

What is dangerous is judged by people and stands in the tables below, as patterns. The real modules of the image then
say which names the patterns mean, which modules there are, and under which attribute names the dangerous modules can be
reached from others. Run it with the Python of the session image.
"""
import builtins
import fnmatch
import importlib
import io
import os
import pkgutil
import sys
import types
import warnings

PACKAGES = ["numpy", "pandas", "matplotlib", "scipy", "sklearn", "seaborn", "sympy", "PIL", "openpyxl", "requests",
            "joblib", "IPython", "pkg_resources", "setuptools", "mpl_toolkits", "pylab", "dateutil", "pytz",
            "six", "mpmath", "traitlets", "cycler", "prompt_toolkit", "jinja2", "markupsafe", "tabulate"]

# Packages that images for data analysis usually hold beside those installed here; harmless to import.
USUAL = """statsmodels plotly bokeh altair networkx nltk textblob wordcloud tqdm tabulate xlrd xlsxwriter xlwt docx pptx pypdf PyPDF2 pdfplumber reportlab fpdf lxml
    bs4 html5lib yaml toml markdown jinja2 skimage cv2 imageio shapely geopandas folium pyproj h5py tables pyarrow fastparquet sqlalchemy numba xgboost lightgbm
    catboost torch tensorflow keras transformers patsy cycler kiwisolver packaging pyparsing six mpmath chardet certifi idna faker pydantic attr attrs psutil regex
    orjson simplejson ujson polars duckdb gensim spacy umap hdbscan prophet pmdarima arch yfinance squarify missingno imblearn mlxtend shap lime category_encoders
    pydot graphviz pydotplus rdflib astropy soundfile librosa mutagen pydub moviepy qrcode barcode emoji langdetect rapidfuzz fuzzywuzzy Levenshtein jellyfish
    phonenumbers pycountry holidays cvxpy pulp ortools deap numexpr bottleneck xarray dask netCDF4 zarr rasterio fiona pint uncertainties contourpy fontTools
    threadpoolctl ipywidgets traitlets pygments rich click typing_extensions pandas_datareader google docutils nbformat nbconvert jupyter_core ipykernel pywt lmfit
    toolz cytoolz sortedcontainers more_itertools natsort simpy gmpy2 Bio skbio nibabel nilearn mne pydicom SimpleITK cartopy cftime sparse rioxarray xesmf metpy
    geopy osmnx libpysal pysal mapclassify contextily rasterstats shapefile cligj branca einops jax jaxlib flax optax torchvision torchaudio torchtext sentencepiece
    tokenizers datasets accelerate timm opt_einsum arviz pymc pytensor emcee corner lifelines pingouin linearmodels sktime tslearn tsfresh stumpy ruptures pyod
    optuna hyperopt skopt yellowbrick dtreeviz eli5 interpret plotnine mizani hvplot holoviews datashader param colorcet palettable matplotlib_venn mplfinance
    adjustText ipympl bqplot pyvis igraph community vega_datasets palmerpenguins gapminder numpy_financial control filterpy SALib pymoo quantecon cvxopt osqp ecos
    scs clarabel CoolProp fluids thermo chemicals rdkit ase pymatgen MDAnalysis qutip obspy sunpy loguru tenacity jsonschema msgpack bidict funcy boltons cachetools
    munch arrow pendulum dateparser unidecode ftfy anytree markdown2 docx2txt pdfminer pypdfium2 fitz pyxlsb odf ezodf tifffile svgwrite cairosvg svglib
    mpl_interactions wrapt filelock tomli tomlkit xmltodict treelib bitarray networkit scikitplot sklearn_pandas feature_engine tablib sortedcollections inflect
    cssselect pygraphviz timezonefinder gmpy""".split()

# What those installed here need.
NEEDED = """decorator pickleshare prompt_toolkit wcwidth parso jedi stack_data pure_eval asttokens executing matplotlib_inline backcall brotli defusedxml et_xmlfile
    jdcal olefile webencodings soupsieve lz4 zstandard unicodedata2 fs appdirs gast beniget ply pythran ptyprocess pexpect _cffi_backend cryptography
    OpenSSL""".split()

# capability -> kind -> patterns; names are dotted, * stands for anything without a dot.
RULES = {
    "process": {
        "attributes": "subprocess_shell subprocess_exec run_system_command _make_subprocess_transport",
        # On any object that is not known to be something else: a module may have got there as a value.
        "objects": """popen fork forkpty execl execle execlp execlpe execv execve execvp execvpe spawnl spawnle spawnlp spawnlpe
            spawnv spawnve spawnvp spawnvpe posix_spawn posix_spawnp Popen check_output check_call getoutput getstatusoutput
            create_subprocess_exec create_subprocess_shell ProcessPoolExecutor f2py fork_exec open_new_tab
            autowrap ufuncify run_setup _syscmd_ver rundocs""",
        "modules": """subprocess _posixsubprocess multiprocessing _multiprocessing pty concurrent.futures.process distutils.spawn pexpect ptyprocess
            sh plumbum fabric invoke IPython.utils.process IPython.utils._process_posix IPython.lib.backgroundjobs asyncio.subprocess
            asyncio.unix_events asyncio.base_subprocess test.support joblib.externals.loky joblib._multiprocessing_helpers webbrowser antigravity
            idlelib turtledemo numpy.distutils numpy.f2py setuptools.command distutils pip ensurepip venv pipes resource psutil matplotlib.testing
            matplotlib.sphinxext sympy.utilities.autowrap sympy.utilities._compilation sympy.parsing.latex sympy.printing.preview
            sympy.external.importtools sklearn._build_utils scipy._lib._uarray IPython.lib.clipboard IPython.lib.latextools IPython.testing
            sympy.testing.runtests joblib.pool PIL.ImageShow PIL.ImageGrab docker paramiko pandas.io.clipboard matplotlib.backends.backend_pgf
            matplotlib.dviread numpy.testing._private.extbuild torch.utils.cpp_extension tkinter _tkinter setuptools pythran jedi.api.environment
            matplotlib.texmanager nbconvert.preprocessors nbconvert.exporters.pdf torch.multiprocessing spacy.cli nltk.internals
            prompt_toolkit.contrib jupyter_core.command graphviz.backend numpy._pytesttester scipy._lib._testutils
            numpy.testing._private.nosetester""",
        "names": """os.system os.popen os.exec* os.spawn* os.posix_spawn* os.fork os.forkpty os.kill os.killpg os.startfile os._exit os.abort
            os.pidfd_open os.set*id os.setgroups os.initgroups os.setns os.unshare os.chroot os.nice os.setpriority os.sched_set* os.tcsetpgrp
            os.login_tty os.wait* os.P_* os.openpty os.setresuid os.setresgid os.register_at_fork posix.system posix.popen posix.exec* posix.spawn*
            posix.posix_spawn* posix.fork* posix.kill* posix._exit nt.system concurrent.futures.ProcessPoolExecutor asyncio.create_subprocess_*
            asyncio.*ChildWatcher asyncio.set_child_watcher asyncio.get_child_watcher signal.pthread_kill signal.raise_signal signal.siginterrupt
            platform.popen platform._syscmd* platform.subprocess sympy.preview sympy.autowrap sympy.ufuncify sympy.binary_function
            numpy.testing.rundocs mailcap.findmatch matplotlib.cbook._check_and_log_subprocess matplotlib.font_manager._get_fontconfig_fonts
            pydoc.pipepager pydoc.tempfilepager pydoc.getpager pydoc.pager pydoc.plainpager shlex.os imghdr.testall cgitb.enable sched.subprocess
            uuid._*_getnode uuid._get_command_stdout PIL.EpsImagePlugin.Ghostscript numpy.test scipy.test pandas.test sympy.test sympy.doctest
            matplotlib.test lxml.html.open_in_browser jedi.create_environment jedi.find_system_environments jedi.find_virtualenvs
            jedi.get_default_environment matplotlib._get_executable_info commands.getoutput popen2.popen2 os.popen2 os.popen3 os.popen4""",
        # Settings of matplotlib that name a program.
        "quoted": """animation.ffmpeg_path animation.convert_path animation.ffmpeg_args animation.convert_args text.usetex""",
        # What an earlier run called `o`, in `o.system("id")`.
        "orphans": "system",
        # LaTeX is another program, which reads and runs what the text says.
        "keywords": "usetex",
    },
    "network": {
        "attributes": """sock_connect create_datagram_endpoint create_unix_connection create_unix_server
            create_connection create_server connect_read_pipe""",
        "modules": """socket _socket socketserver ssl _ssl http.client http.server urllib.request urllib.robotparser ftplib smtplib smtpd poplib
            imaplib nntplib telnetlib xmlrpc asyncore asynchat requests urllib3 httpx aiohttp httplib2 websocket websockets zmq tornado twisted flask
            django fastapi uvicorn werkzeug bottle pip._vendor.requests pip._vendor.urllib3 pycurl boto3 botocore azure select selectors dns
            asyncio.streams asyncio.sslproto asyncio.selector_events wsgiref pandas_datareader yfinance fs.ftpfs bokeh.server bokeh.command
            torch.distributed IPython.parallel ipykernel jupyter_client notebook redis pymongo psycopg2 pymysql mysql cx_Oracle pyodbc paramiko ldap
            pyftpdlib scapy nmap shodan""",
        "names": """asyncio.open_connection asyncio.start_server asyncio.open_unix_connection asyncio.start_unix_server logging.config.listen
            logging.handlers.SocketHandler logging.handlers.DatagramHandler logging.handlers.SMTPHandler logging.handlers.HTTPHandler
            logging.handlers.SysLogHandler logging.handlers.NTEventLogHandler fs.open_fs lxml.html.submit_form pandas.io.common.urlopen
            numpy.DataSource numpy.lib.npyio.DataSource numpy.lib._datasource.DataSource numpy.lib._datasource.Repository multiprocessing.connection.*
            matplotlib.cbook.urlopen IPython.display.urlopen""",
        "objects": """urlopen urlretrieve SocketHandler DatagramHandler SMTPHandler HTTPHandler SysLogHandler HTTPConnection
            HTTPSConnection open_unix_connection start_unix_server getaddrinfo gethostbyname socketpair""",
        "places": "/vsicurl /vsis3/ /vsigs/ /vsiaz/ mysql:// mysql+ postgresql:// postgresql+ mssql+ mongodb:// mongodb+srv:// redis://",
        # Functions whose first argument may be an address.
        "urls": """pandas.read_csv pandas.read_table pandas.read_json pandas.read_html pandas.read_excel pandas.ExcelFile pandas.read_parquet pandas.read_feather
            pandas.read_xml pandas.read_fwf pandas.read_orc pandas.read_stata pandas.read_sas pandas.read_spss numpy.loadtxt numpy.genfromtxt
            numpy.DataSource.open numpy.lib.npyio.DataSource.open IPython.display.DisplayObject IPython.display.HTML IPython.display.SVG
            IPython.display.Markdown IPython.display.JSON matplotlib.rc_file matplotlib.rc_params_from_file matplotlib.pyplot.imread
            matplotlib.image.imread matplotlib.style.use matplotlib.pyplot.style.use skimage.io.imread imageio.imread xarray.open_dataset
            xarray.open_mfdataset xarray.open_zarr xarray.load_dataset polars.read_csv polars.read_parquet polars.scan_csv polars.scan_parquet
            pyarrow.fs.FileSystem.from_uri geopandas.read_file sqlalchemy.create_engine netCDF4.Dataset lxml.etree.parse lxml.html.parse xml.sax.parse
            rasterio.open fiona.open dask.dataframe.read_csv dask.dataframe.read_parquet numpy.lib._datasource.open cv2.VideoCapture""",
        # Methods of frames and the like, which write to an address as well as to a file.
        "senders": """to_csv to_json to_parquet to_feather to_excel to_html to_xml to_stata to_pickle to_orc to_hdf to_string
            to_markdown to_latex to_sql to_zarr to_netcdf""",
    },
    "native": {
        "modules": """ctypes _ctypes cffi _cffi_backend numpy.ctypeslib mmap fcntl termios readline _testcapi
            _testinternalcapi _posixshmem _xxsubinterpreters _interpreters numba.core.typing cython Cython pyximport
            jpype rpy2 pybind11 _rawffi dl greenlet h5py.h5pl cryptography.hazmat.bindings OpenSSL._util torch.classes
            numba.pycc numba.core.unsafe""",
        "names": """sys.setdlopenflags sys._debugmallocstats os.dlopen os.mknod os.memfd_create
            scipy.LowLevelCallable scipy.weave numpy.lib.stride_tricks.ctypes sqlite3.enable_load_extension
            numba.cfunc numba.jit_module numba.extending numba.carray numba.farray torch.ops.load_library
            tensorflow.load_op_library tensorflow.load_library""",
        "objects": """ctypeslib load_library CDLL PyDLL WinDLL LoadLibrary LowLevelCallable memfd_create load_op_library
            create_string_buffer setdlopenflags""",
        "attributes": "enable_load_extension load_extension",
        # numpy takes the address in it for memory of its own.
        "quoted": "__array_interface__ __array_struct__",
    },
    "filesystem": {
        "modules": """shutil tempfile glob pathlib zipfile tarfile zipimport_files fileinput linecache filecmp dbm
            sqlite3 gzip bz2 lzma zipapp importlib.resources""",
        "names": """builtins.open io.open io.FileIO io.open_code os.open os.remove os.unlink os.rmdir os.removedirs os.rename
            os.renames os.replace os.mkdir os.makedirs os.symlink os.link os.truncate os.chmod os.chown
            os.listdir os.scandir os.walk os.fwalk os.stat os.mkfifo codecs.open""",
    },
    "deserialize": {
        "modules": "shelve dill cloudpickle jsonpickle pickle5 yaml.unsafe_load pickleshare",
        "names": """pickle.load pickle.loads pickle.Unpickler pickle._load pickle._loads pickle._Unpickler _pickle.load _pickle.loads
            _pickle.Unpickler cPickle.load cPickle.loads marshal.load marshal.loads pandas.read_pickle pandas.io.pickle.read_pickle
            pandas.io.api.read_pickle pandas.compat.pickle_compat.* pandas.read_hdf pandas.io.pytables.HDFStore pandas.io.pytables.read_hdf
            joblib.load joblib.numpy_pickle.load* numpy.load(allow_pickle) numpy.load(#3) numpy.lib.npyio.load(#3) numpy.lib.npyio.load(allow_pickle)
            numpy.lib.format.read_array(allow_pickle) numpy.lib.format.read_array(#2) numpy.lib.npyio.NpzFile(#3) joblib.numpy_pickle.NumpyUnpickler
            six.moves.cPickle.load six.moves.cPickle.loads six.moves.cPickle.Unpickler tables.openFile tables.File tracemalloc.Snapshot.load
            sqlalchemy.PickleType torch.serialization.load torch.package statsmodels.api.load statsmodels.api.load_pickle
            statsmodels.iolib.api.load_pickle gensim.utils.unpickle tensorflow.saved_model.load keras.saving.load_model
            tensorflow.keras.saving.load_model yaml.Loader yaml.UnsafeLoader yaml.CLoader yaml.CUnsafeLoader yaml.loader.Loader
            yaml.loader.UnsafeLoader yaml.constructor.UnsafeConstructor yaml.unsafe_load yaml.unsafe_load_all sklearn.externals.joblib.load
            keras.models.load_model tensorflow.keras.models.load_model multiprocessing.reduction.* copyreg.pickle copyreg.constructor
            numpy.lib.npyio.NpzFile(allow_pickle) numpy.lib.format.open_memmap(allow_pickle) pyarrow.deserialize pyarrow.read_serialized
            pyarrow.PyExtensionType torch.hub.load torch.jit.load networkx.read_gpickle statsmodels.iolib.smpickle.load_pickle""",
        "objects": "read_pickle Unpickler read_hdf HDFStore NumpyUnpickler UnsafeLoader unsafe_load unsafe_load_all",
        # Harmless when an argument says so: yaml.load(f, Loader=yaml.SafeLoader), torch.load(f, weights_only=True).
        "unless": """yaml.load(Loader) yaml.load_all(Loader) torch.load(weights_only=True) tables.open_file(mode=w)
            pandas.HDFStore(mode=w)""",
        # Whatever is called with such an argument, by partial or as a dict, ends in a loader that trusts its data.
        "keywords": "allow_pickle trust_remote_code",
        "quoted": "allow_pickle trust_remote_code",
    },
    "dynamic-code": {
        "modules": """importlib.machinery importlib.abc importlib._bootstrap importlib._bootstrap_external importlib.simple importlib.readers
            importlib._abc imp _imp runpy code codeop bdb pdb trace zipimport pkgutil modulefinder compileall py_compile doctest profile cProfile
            _frozen_importlib _frozen_importlib_external IPython.core IPython.terminal IPython.utils.importstring lib2to3 pyclbr site sitecustomize
            usercustomize RestrictedPython asteval PIL.ImageMath numpy.lib.utils.safe_eval numpy.core.overrides IPython.lib.demo
            IPython.lib.deepreload sympy.parsing.ast_parser sympy.plotting.experimental_lambdify pydoc rlcompleter traitlets.config ply
            concurrent.interpreters annotationlib reportlab.lib.rl_safe_eval _sitebuiltins numpy.compat.py3k.npy_load_module sklearn.utils._mocking
            jinja2.environment jinja2.sandbox jinja2.nativetypes jinja2.filters jinja2.compiler jinja2.utils jinja2.loaders jinja2.bccache jinja2.ext
            jinja2.debug jinja2.runtime jinja2.meta jinja2.parser jinja2.async_utils mako.template tornado.template""",
        # With arguments it imports, and runs, what they name.
        "unless": """unittest.main(-argv-module-defaultTest-testLoader) sympy.init_session(-argv) sympy.interactive.init_session(-argv)
            sympy.interactive.session.init_session(-argv)""",
        "names": """builtins.exec builtins.eval builtins.compile builtins.execfile builtins.breakpoint builtins.__import__ importlib.reload
            importlib.invalidate_caches types.CodeType types.FunctionType types.LambdaType types.DynamicClassAttribute ast.compile
            logging.config.dictConfig logging.config.fileConfig pkg_resources.load_entry_point pkg_resources.run_script pkg_resources.EntryPoint
            pkg_resources.iter_entry_points numpy.testing.runstring numpy.testing.measure numpy.lib.source numpy.compat.npy_load_module
            importlib.metadata.EntryPoint importlib.metadata.entry_points importlib.metadata.EntryPoints unittest.mock._importer
            unittest.mock._get_target typing.get_type_hints typing.ForwardRef typing_extensions.get_type_hints inspect.get_annotations(eval_str)
            pkgutil.resolve_name logging.config.DictConfigurator logging.config.BaseConfigurator string.Formatter jinja2.Environment
            jinja2.PackageLoader jinja2.ModuleLoader pandas.io.formats.style.Styler.env pandas.io.formats.style_render.StylerRenderer.env
            IPython.utils.py3compat.execfile pandas.io.formats.format.import_module scipy._lib._bunch._make_tuple_bunch
            sympy.parsing.sympy_parser.evaluateFalse sympy.utilities.runtests sympy.utilities.source.get_class string.Formatter.get_field
            string._string.formatter_field_name_split pandas.core.computation.* sympy.parsing.sympy_parser.eval_expr
            sympy.parsing.sympy_parser.stringify_expr IPython.start_ipython IPython.embed IPython.start_kernel IPython.get_ipython
            IPython.InteractiveShell unittest.loader.* pydoc.locate pydoc.importfile pydoc.safeimport operator.__call__ dataclasses._create_fn
            string.Formatter.get_field decorator.FunctionMaker traitlets.import_item traitlets.utils.importstring six._import_module six.MovedModule
            six.Module_six_moves_urllib pandas.compat._optional.import_optional_dependency pandas.plotting._core._get_plot_backend numpy.lookfor
            numpy.lib.utils.lookfor pygments.lexers.load_lexer_from_file pygments.formatters.load_formatter_from_file xml.sax.make_parser
            xml.sax.expatreader sys.remote_exec attr.make_class attrs.make_class attr.resolve_types attrs.resolve_types inspect.signature(eval_str)
            functools.wraps(#2) functools.wraps(assigned) functools.wraps(updated) functools.update_wrapper(#3) six.moves.reload_module
            functools.update_wrapper(assigned) functools.update_wrapper(updated) pandas.plotting._core._load_backend
            sympy.interactive.session.init_ipython_session importlib.metadata.PathDistribution importlib.metadata.Distribution timeit.template
            timeit.main timeit.reindent importlib.util.module_* importlib.util.spec_from_* importlib.util.[L_rs]*
            concurrent.futures.InterpreterPoolExecutor pkg_resources.Distribution IPython.core.getipython code.interact inspect.importlib
            sys.meta_path sys.path_hooks sys.path_importer_cache typing._eval_type sys.modules sys.breakpointhook sys.displayhook sys.excepthook""",
        "evaluates": """timeit.timeit timeit.repeat timeit.Timer cProfile.run profile.run pandas.eval
            sympy.sympify sympy.S sympy.parse_expr sympy.parsing.sympy_parser.parse_expr sympy.core.sympify.sympify
            sympy.parsing.mathematica.parse_mathematica sympy.parsing.mathematica.mathematica sympy.parsing.maxima.parse_maxima
            numexpr.evaluate numexpr.re_evaluate""",
        "templates": "jinja2.Template jinja2.environment.Template",  # unless a constant that only shows values
        # Modules whose functions read texts as expressions; a constant is judged as one.
        "texts": "sympy patsy statsmodels.formula formulaic",
        "second": "pandas.DataFrame.eval pandas.DataFrame.query pandas.core.frame.DataFrame.eval pandas.core.frame.DataFrame.query sympy.lambdify sympy.utilities.lambdify.lambdify sympy.utilities.lambdify.implemented_function",
        "methods": "query eval from_string",
        "attributes": "run_line_magic run_cell_magic run_cell safe_execfile load_entry_point run_script codeobj compile_expression compile_templates from_custom_template from_module_dict",
        "keywords": "eval_str",
        # matplotlib imports a backend by its name.
        "places": "module://",
        "objects": """entry_points get_entry_map get_entry_info import_module exec_module create_module load_module module_from_spec spec_from_file_location spec_from_loader
            runctx run_path run_module dictConfig fileConfig get_type_hints
            resolve_name import_item import_optional_dependency FunctionMaker attrgetter loadTestsFromName
            loadTestsFromNames""",
    },
    "introspection": {
        "modules": """_gc faulthandler _opcode dis opcode symtable _symtable sys.monitoring IPython.utils.frame IPython.utils.dir2
            IPython.utils.wildcard""",
        "names": """gc.get_objects gc.get_referrers gc.get_referents gc.callbacks gc.garbage builtins.license builtins.credits builtins.copyright
            builtins.type.__dict__ builtins.object.__dict__ builtins.type.mro builtins.type.__call__ builtins.type.__getattribute__
            builtins.object.__getattribute__ builtins.type.__subclasses__ builtins.object.__subclasses__ sys._getframe sys._current_frames
            sys._current_exceptions sys.settrace sys.setprofile sys.gettrace sys.getprofile sys.call_tracing sys.addaudithook sys.audit sys._xoptions
            sys._git sys.unraisablehook sys._clear_type_cache sys.set_coroutine_origin_tracking_depth sys.set_asyncgen_hooks sys._getframemodulename
            sys.last_traceback sys._home inspect.currentframe inspect.stack inspect.trace inspect.getouterframes inspect.getinnerframes
            inspect.getframeinfo inspect.getclosurevars inspect.getgeneratorlocals inspect.getattr_static inspect.getcoroutinelocals
            inspect.getmembers inspect.getmembers_static inspect.getmodule inspect.getasyncgenlocals six.get_function_globals six.get_function_code
            six.get_function_closure six.get_method_self inspect.classify_class_attrs inspect.getmro inspect.sys inspect.builtins traceback.walk_stack
            traceback.walk_tb threading.settrace threading.setprofile threading._shutdown types.FrameType types.TracebackType types.CellType
            types.GetSetDescriptorType types.MemberDescriptorType builtins.globals builtins.locals builtins.vars builtins.__builtins__
            builtins.__loader__ builtins.__spec__ builtins.__build_class__ atexit._run_exitfuncs logging.currentframe warnings.sys
            pandas.util._print_versions""",
        "attributes": """__subclasses__ __bases__ __base__ __mro__ __globals__ __builtins__ __code__ __closure__ __self__ __loader__ __spec__
            __getattribute__ __import__ f_globals f_builtins f_locals f_back f_code gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_origin ag_frame
            ag_code tb_frame co_code co_consts co_names co_freevars func_globals func_code __objclass__ __thisclass__ __self_class__ __weakref__
            __match_args__ __reduce__ mro im_func im_self im_class func_closure func_defaults cr_await ag_await _Printer__filenames _Printer__setup
            _Printer__data cell_contents __kwdefaults__ __defaults__ __reduce_ex__ __subclasshook__ __get__ get_original temp_original _module""",
        "objects": """_getframe _current_frames settrace setprofile get_objects get_referrers get_referents getmembers getclosurevars
            currentframe getgeneratorlocals getattr_static FunctionType CodeType""",
        "quoted": "/proc /proc/",
        "places": "/proc/self /proc/thread-self /proc/1/ /dev/mem /dev/kmem",
        "module_attributes": "__dict__ __loader__ __spec__ __getattr__ __builtins__ __class__",
        "strings": """__subclasses__ __bases__ __base__ __mro__ __globals__ __builtins__ __code__ __closure__ __loader__
            __getattribute__ __import__ __self__ f_globals f_builtins gi_frame tb_frame func_globals __match_args__""",
    },
    "environment": {
        "names": """os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv os.get_exec_path posix.environ
            posix.putenv posix.unsetenv""",
        "orphans": "environ",
    },
    "shell-escape": {
        "names": "builtins.get_ipython IPython.get_ipython IPython.core.getipython",
        "magics": """bash sh script system sx ! ruby perl pypy python python2 python3 cmd powershell run load loadpy edit ed pip conda mamba
            micromamba alias rehashx env set_env unalias cat cp ldir lf lk ll ls lx man mkdir more mv rm rmdir writefile file save macro rerun recall
            killbgscripts bg fg store notebook gui debug pdb tb autocall automagic load_ext reload_ext unload_ext rehash bookmark pushd popd dirs
            logstart connect_info qtconsole kernel px autopx loadext R julia octave sql bigquery cython pinfo2 psource pfile pycat doctest_mode
            config""",
        # exit and quit of IPython hold its shell.
        "attributes": "_ip",
    },
}

# Inside dangerous modules, or named by a pattern above, but harmless.
HARMLESS = """importlib.metadata importlib.util.find_spec importlib.resources
    logging.handlers.RotatingFileHandler logging.handlers.TimedRotatingFileHandler logging.handlers.MemoryHandler
    logging.handlers.QueueHandler logging.handlers.QueueListener
    multiprocessing.cpu_count multiprocessing.current_process http.client.responses http.HTTPStatus
    numpy.distutils.__config__ IPython.display IPython.core.display IPython.core.display.display IPython.core.display.HTML
    IPython.core.pylabtools types.SimpleNamespace types.GeneratorType types.MethodType
    types.MappingProxyType types.NoneType types.UnionType types.GenericAlias pkgutil.iter_modules
    concurrent.futures.ThreadPoolExecutor requests.exceptions requests.__version__ select.error socket.gethostname
    socket.timeout socket.error ssl.OPENSSL_VERSION resource.getrusage resource.RUSAGE_SELF psutil.virtual_memory
    psutil.cpu_count psutil.cpu_percent psutil.disk_usage psutil.Process.memory_info sys.modules.keys
    os.waitstatus_to_exitcode dis.dis
    gc.collect gc.disable gc.enable gc.isenabled gc.get_count gc.get_threshold gc.set_threshold gc.get_stats
    importlib.metadata.version importlib.metadata.PackageNotFoundError pydoc.getdoc types.ModuleType
    traitlets.config.SingletonConfigurable IPython.core.interactiveshell.InteractiveShell.ast_node_interactivity
    pkg_resources.Distribution.version jinja2.utils.markupsafe jinja2.utils.Markup jinja2.utils.escape""".split()

# Named by an import they do nothing yet; what is done with the name is judged where it is done.
IMPORTS = """dis IPython.core.interactiveshell IPython.core.interactiveshell.InteractiveShell IPython.get_ipython
    IPython.core.getipython IPython.core.getipython.get_ipython multiprocessing.cpu_count traitlets.config""".split()

# Variables that steer how fast or how noisy a library works, and nothing else.
VARIABLES = """OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS NUMEXPR_NUM_THREADS NUMEXPR_MAX_THREADS VECLIB_MAXIMUM_THREADS
    BLIS_NUM_THREADS NUMBA_NUM_THREADS TF_CPP_MIN_LOG_LEVEL TF_ENABLE_ONEDNN_OPTS TF_FORCE_GPU_ALLOW_GROWTH TF_DETERMINISTIC_OPS
    CUDA_VISIBLE_DEVICES CUDA_LAUNCH_BLOCKING CUBLAS_WORKSPACE_CONFIG TOKENIZERS_PARALLELISM KMP_DUPLICATE_LIB_OK KMP_WARNINGS
    PYTHONHASHSEED MPLBACKEND TZ JAX_PLATFORM_NAME JAX_PLATFORMS JAX_ENABLE_X64
    QT_QPA_PLATFORM SDL_VIDEODRIVER SKLEARN_SITE_JOBLIB LOKY_MAX_CPU_COUNT COLUMNS LINES NO_COLOR HDF5_USE_FILE_LOCKING SCIPY_ARRAY_API WANDB_DISABLED TRANSFORMERS_VERBOSITY""".split()

# Calls that may have an argument of the list "keywords" above.
KEYWORD_CALLS = """numpy.save numpy.savez numpy.savez_compressed numpy.lib.format.write_array numpy.lib.npyio.save
    numpy.lib.npyio.savez numpy.lib.npyio.savez_compressed""".split()

# Names of modules that are everyday names of variables: alone they say nothing unless they are imported.
AMBIGUOUS = """trace code types profile site sh select resource test pipes dns docker redis notebook invoke fabric pip dl ldap symtable opcode shelve nmap bottle
    mmap marshal dis imp pty zmq telnetlib""".split()

# Modules that nearly every module holds, with hardly anything in them that a rule speaks of.
EVERYWHERE = """warnings ast string operator atexit threading traceback linecache typing dataclasses io glob shutil tempfile
    pathlib codecs logging shlex enum re""".split()

# What to use instead: said with a finding about the name, or about what is below it.
INSTEAD = {
    "pickle": "json, numpy.save or pandas.to_parquet", "_pickle": "json, numpy.save or pandas.to_parquet",
    "joblib.load": "retrain the model, or store its numbers by numpy.save", "torch.load": "safetensors, or weights_only files read outside",
    "pandas.read_pickle": "pandas.read_parquet or pandas.read_csv", "pandas.read_hdf": "pandas.read_parquet",
    "pandas.HDFStore": "h5py or pandas.read_parquet", "numpy.load": "numpy.load without allow_pickle",
    "marshal": "json", "shelve": "json or sqlite3", "dill": "json or numpy.save", "cloudpickle": "json or numpy.save",
    "yaml.load": "yaml.safe_load", "yaml.unsafe_load": "yaml.safe_load", "yaml.full_load": "yaml.safe_load",
    "yaml.load_all": "yaml.safe_load_all", "builtins.eval": "ast.literal_eval, or a function of your own",
    "builtins.exec": "a function of your own", "builtins.compile": "a function of your own",
    "builtins.__import__": "import", "subprocess": "Python's own functions: shutil, pathlib, zipfile",
    "os.system": "Python's own functions: shutil, pathlib, zipfile", "os.popen": "Python's own functions: shutil, pathlib, zipfile",
    "multiprocessing": "concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor": "concurrent.futures.ThreadPoolExecutor",
    "requests": "upload the file and read it from /mnt/data", "urllib.request": "upload the file and read it from /mnt/data",
    "urllib3": "upload the file and read it from /mnt/data", "http.client": "upload the file and read it from /mnt/data",
    "httpx": "upload the file and read it from /mnt/data", "aiohttp": "upload the file and read it from /mnt/data",
    "os.environ": "constants in the code", "os.getenv": "constants in the code",
    "builtins.globals": "a dict of your own", "builtins.locals": "a dict of your own", "builtins.vars": "dataclasses.asdict, or a dict of your own",
    "sympy.sympify": "sympy.Rational, sympy.symbols and operators", "numpy.ctypeslib": "numpy's own functions",
    "ctypes": "numpy's own functions", "!": "Python's own functions", "pip": "the packages of the session image",
    "conda": "the packages of the session image", "bash": "Python's own functions", "sh": "Python's own functions",
    "importlib.reload": "a new session", "inspect.stack": "traceback.format_exc", "sys._getframe": "traceback.format_exc",
    "jinja2": "a jinja2.Template whose text stands in the code and only shows values, or f-strings", "typing.get_type_hints": "the class's __annotations__",
}

HARMLESS_MAGICS = """xmode colors pylab autoreload matplotlib time timeit prun capture memit who whos who_ls pwd cd pinfo pdoc pdef psearch pprint precision reset
    reset_selective xdel history hist html HTML latex svg SVG markdown javascript js lsmagic magic quickref page""".split()

# Modules that must not be handed on as values: through them everything is in reach.
GUARDED = """os posix sys builtins importlib subprocess socket ctypes types inspect gc marshal pickle runpy code multiprocessing pty timeit IPython""".split()

# What attributes of modules may lead to; found under other names by looking.
TARGETS = """os posix sys subprocess socket _socket ssl ctypes _ctypes builtins importlib multiprocessing marshal pickle _pickle runpy pty gc inspect types asyncio
    imp pdb timeit codeop shelve http.client urllib.request pkgutil zipimport doctest requests urllib3 joblib cloudpickle urllib numpy pandas matplotlib
    scipy""".split()

# What pickles of data ask for. Whatever is not here makes a pickle harmful: it may call anything.
PICKLE_GLOBALS = """builtins.set builtins.frozenset builtins.list builtins.dict builtins.tuple builtins.bytearray builtins.bytes
    builtins.str builtins.int builtins.float builtins.bool builtins.complex builtins.object builtins.slice builtins.range
    builtins.Ellipsis builtins.NotImplemented copyreg._reconstructor copyreg.__newobj__ copyreg.__newobj_ex__
    _codecs.encode collections.OrderedDict collections.defaultdict collections.deque collections.Counter
    datetime.datetime datetime.date datetime.time datetime.timedelta datetime.timezone decimal.Decimal fractions.Fraction
    uuid.UUID uuid.SafeUUID array._array_reconstructor pathlib.PurePosixPath pathlib.PosixPath zoneinfo.ZoneInfo._unpickle
    numpy.ndarray numpy.dtype numpy.core.multiarray._reconstruct numpy.core.multiarray.scalar
    numpy._core.multiarray._reconstruct numpy._core.multiarray.scalar numpy.core.numeric._frombuffer
    numpy._core.numeric._frombuffer numpy.ma.core._mareconstruct numpy.ma.core.MaskedArray numpy.matrix numpy.recarray
    numpy.core.records.recarray numpy.random._pickle.__randomstate_ctor numpy.random._pickle.__generator_ctor
    numpy.random._pickle.__bit_generator_ctor numpy.random._mt19937.MT19937 numpy.random._pcg64.PCG64
    numpy.random.mtrand.RandomState
    pandas.core.frame.DataFrame pandas.core.series.Series pandas.core.internals.managers.BlockManager
    pandas.core.internals.managers.SingleBlockManager pandas._libs.internals._unpickle_block
    pandas.core.internals.blocks.new_block pandas.core.indexes.base.Index pandas.core.indexes.base._new_Index
    pandas.core.indexes.range.RangeIndex pandas.core.indexes.numeric.Int64Index pandas.core.indexes.numeric.Float64Index
    pandas.core.indexes.multi.MultiIndex pandas.core.indexes.category.CategoricalIndex
    pandas.core.indexes.datetimes.DatetimeIndex pandas.core.indexes.datetimes._new_DatetimeIndex
    pandas.core.indexes.period.PeriodIndex pandas.core.indexes.period._new_PeriodIndex
    pandas.core.indexes.timedeltas.TimedeltaIndex pandas.core.arrays.categorical.Categorical
    pandas.core.dtypes.dtypes.CategoricalDtype pandas.core.dtypes.dtypes.DatetimeTZDtype
    pandas.core.dtypes.dtypes.PeriodDtype pandas.core.dtypes.dtypes.IntervalDtype pandas.core.arrays.datetimes.DatetimeArray
    pandas.core.arrays.timedeltas.TimedeltaArray pandas.core.arrays.period.PeriodArray pandas.core.arrays.integer.IntegerArray
    pandas.core.arrays.integer.Int64Dtype pandas.core.arrays.floating.FloatingArray pandas.core.arrays.boolean.BooleanArray
    pandas.core.arrays.boolean.BooleanDtype pandas.core.arrays.string_.StringArray pandas.core.arrays.string_.StringDtype
    pandas._libs.arrays.__pyx_unpickle_NDArrayBacked pandas._libs.tslibs.timestamps._unpickle_timestamp
    pandas._libs.tslibs.timedeltas._timedelta_unpickle pandas._libs.tslibs.nattype._nat_unpickle pandas._libs.missing.NA
    pandas._libs.tslibs.offsets.Day pandas._libs.tslibs.offsets.Hour pandas._libs.tslibs.offsets.MonthEnd
    pandas._libs.internals.BlockPlacement
    scipy.sparse._csr.csr_matrix scipy.sparse._csc.csc_matrix scipy.sparse._coo.coo_matrix scipy.sparse.csr.csr_matrix
    scipy.sparse.csc.csc_matrix
    sklearn.tree._tree.Tree sklearn.utils._bunch.Bunch sklearn.neighbors._kd_tree.newObj sklearn.neighbors._ball_tree.newObj
    torch._utils._rebuild_tensor_v2 torch._utils._rebuild_parameter torch.FloatStorage torch.LongStorage torch.HalfStorage
    torch.DoubleStorage torch.IntStorage torch.BoolStorage torch.BFloat16Storage torch.ByteStorage torch.Size""".split()

# Packages whose classes hold data and do nothing when they are made.
PICKLE_PACKAGES = "sklearn".split()

ALIASES = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "mpl": "matplotlib", "sns": "seaborn",
           "sp": "scipy", "sm": "statsmodels.api", "sk": "sklearn", "dt": "datetime", "tf": "tensorflow",
           "st": "scipy.stats", "sym": "sympy", "pkl": "pickle", "_sys": "sys", "_os": "os", "_types": "types",
           "InteractiveShell": "IPython.core.interactiveshell.InteractiveShell"}

# Too common as attribute names of their own.
NO_REEXPORT = {"code", "signal", "types", "test", "sp", "mp", "pkl"}


def expand(pattern):
    """The real names that a pattern means; a pattern for a module that is not here stands as it is."""
    if "*" not in pattern:
        return [pattern]
    module_name, _, last = pattern.rpartition(".")
    found = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(module_name)
        found = [f"{module_name}.{name}" for name in dir(module) if fnmatch.fnmatchcase(name, last)]
    except Exception:
        pass
    if last == "*":
        return [module_name]
    # The names of other versions and systems.
    known = {"os.exec*": "execl execle execlp execlpe execv execve execvp execvpe",
             "os.spawn*": "spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe",
             "os.posix_spawn*": "posix_spawn posix_spawnp"}
    return sorted(set(found) | {f"{module_name}.{name}" for name in known.get(pattern, "").split()})


def real(words):
    names = words.split() if isinstance(words, str) else words
    result = set()
    for name in names:
        result.update(expand(name))
    return sorted(result)


def loaded_modules():
    """Imports what the image has: the standard library, the packages, and the modules one level below them; and pandas's Styler."""
    skip = {"antigravity", "this", "idlelib", "test", "turtle", "turtledemo", "tkinter", "lib2to3", "__main__"}
    names = [n for n in sys.stdlib_module_names if n not in skip] + PACKAGES + ["pandas.io.formats"]
    for name in names:
        below = [name]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = importlib.import_module(name)
                for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
                    if not info.name.startswith(("test", "conftest", "__main__", "setup")):
                        below.append(f"{name}.{info.name}")
                for inner in below[1:]:
                    try:
                        importlib.import_module(inner)
                    except BaseException:
                        pass
        except BaseException:
            pass


def reexports():
    """Attribute names under which modules hold dangerous modules."""
    targets = {}
    for name in TARGETS:
        try:
            targets[id(importlib.import_module(name))] = name
        except ImportError:
            pass
    found = {}
    for module_name, module in sorted(sys.modules.items()):
        if not isinstance(module, types.ModuleType) or not is_of_image(module_name):
            continue
        for attribute, value in list(vars(module).items()):
            target = targets.get(id(value))
            if target and f"{module_name}.{attribute}" != target and "." not in target:
                found[attribute] = target
    for name in TARGETS:
        if "." not in name:
            found.setdefault(name, name)
            found.setdefault("_" + name, name)
    return {k: v for k, v in found.items() if k not in NO_REEXPORT and len(k) > 1 and k != "self"}


def is_of_image(module_name):
    """Of the standard library or of the packages above: what else is installed here may not be there."""
    top = module_name.partition(".")[0]
    return top in sys.stdlib_module_names or top in PACKAGES


def dangerous_modules():
    """Modules that have a capability, or hold something that has one: by name."""
    names = set()
    for kinds in RULES.values():
        for word in kinds.get("modules", "").split() + kinds.get("names", "").split():
            names.add(word)
            while "." in word:
                word = word.rpartition(".")[0]
                names.add(word)
    return names


def exact_reexports(general):
    """Where a module holds a dangerous one under a name that is too common to be followed everywhere."""
    wanted = dangerous_modules() - set(EVERYWHERE)
    closed = {word for kinds in RULES.values() for word in kinds.get("modules", "").split()} | {"IPython", "setuptools"}
    found = {}
    for module_name, module in sorted(sys.modules.items()):
        if not isinstance(module, types.ModuleType) or not is_of_image(module_name) or module_name.startswith("test"):
            continue
        if any(module_name == name or module_name.startswith(name + ".") for name in closed):
            continue  # who gets there has been refused already
        for attribute, value in list(vars(module).items()):
            if not isinstance(value, types.ModuleType) or attribute in general:
                continue
            target, path = value.__name__, f"{module_name}.{attribute}"
            is_own = path == target or target.startswith(f"{module_name}.")
            if target in wanted and not is_own and not attribute.startswith("__"):
                found[path] = target
    return found


def aliases_of(names):
    """The same objects under other names, in other modules: `pandas.io.common.urlopen` is `urllib.request.urlopen`."""
    objects = {}
    for name in names:
        module_name, _, last = name.partition("(")[0].rpartition(".")
        value = getattr(sys.modules.get(module_name), last, None)
        if callable(value) and not isinstance(value, types.ModuleType) and getattr(value, "__name__", None) == last:
            objects[id(value)] = name
    found = set()
    for module_name, module in list(sys.modules.items()):
        if not isinstance(module, types.ModuleType) or not is_of_image(module_name) or module_name.startswith("test"):
            continue
        for attribute, value in list(vars(module).items()):
            if id(value) in objects:
                name = objects[id(value)]
                suffix = name[name.index("("):] if "(" in name else ""
                found.add(f"{module_name}.{attribute}{suffix}")
    return found - set(names)


def with_aliases(kind, names):
    if kind not in ("names", "evaluates", "templates", "second"):
        return names
    return sorted(set(names) | aliases_of(names))


def image_modules():
    names = set(sys.stdlib_module_names) | set(USUAL) | set(NEEDED) | set(PACKAGES)
    return sorted(n for n in names if n not in ("antigravity", "this") and not n.startswith("_distutils"))


def write_list(key, values):
    print(f"{key} = [")
    line = "   "
    for value in values:
        item = f' "{value}",'
        if len(line) + len(item) > 110:
            print(line)
            line = "   "
        line += item
    print(line)
    print("]")


def main():
    real_stdout, sys.stdout = sys.stdout, io.StringIO()
    try:
        loaded_modules()
    finally:
        sys.stdout = real_stdout
    print("# Made by policy/make-capabilities.py. Do not edit: change the script and run it again.")
    print(f"# Python {sys.version.split()[0]}")
    for capability, kinds in RULES.items():
        print(f"\n[{capability}]")
        for kind, words in kinds.items():
            write_list(kind, with_aliases(kind, real(words)))
    print("\n# Known, and without any capability.\n[harmless]")
    write_list("names", real(HARMLESS))
    write_list("magics", real(HARMLESS_MAGICS))
    write_list("calls", sorted(KEYWORD_CALLS))
    write_list("imports", sorted(IMPORTS))
    write_list("variables", sorted(VARIABLES))
    print("\n# Names of modules that mostly are names of variables.\n[ambiguous]")
    write_list("names", sorted(AMBIGUOUS))
    print("\n# Modules that must not be handed on as values.\n[guarded]")
    write_list("modules", real(GUARDED))
    print("\n# What a pickle may ask for and still be harmless: these, and classes of these packages.\n[pickle]")
    write_list("globals", sorted(PICKLE_GLOBALS))
    write_list("packages", sorted(PICKLE_PACKAGES))
    print("\n# Top-level modules of the session image.\n[image]")
    write_list("modules", image_modules())
    print("\n# Attributes of modules that are modules themselves, and which.\n[reexports]")
    general = reexports()
    for attribute, target in sorted(general.items()):
        print(f'"{attribute}" = "{target}"')
    print("\n# Modules in modules under names that are too common for the list above.\n[exact]")
    for path, target in sorted(exact_reexports(general).items()):
        print(f'"{path}" = "{target}"')
    print("\n# What is allowed instead.\n[instead]")
    for path, words in sorted(INSTEAD.items()):
        print(f'"{path}" = "{words}"')
    print("\n# Conventional names, for runs that rely on an import of an earlier one.\n[aliases]")
    for name, target in sorted(ALIASES.items()):
        print(f'"{name}" = "{target}"')


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # threads of what was imported may linger
