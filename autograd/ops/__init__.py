"""Every op, one room for each kind. README.md tells how to add one."""

from .arithmetic import *
from .cast import *
from .constants import *
from .corners import *
from .create import *
from .diagonals import *
from .differences import *
from .index import *
from .joining import *
from .linalg import *
from .nans import *
from .padding import *
from .products import *
from .quantiles import *
from .rearrange import *
from .reduce import *
from .refused import *
from .scan import *
from .select import *
from .shape import *
from .sort import *
from .splitting import *
from .statistics import *
from .steps import *
from .transcendental import *
from .ufunc_methods import *
