"""Every op, one room for each kind. README.md tells how to add one."""

from .arithmetic import *
from .cast import *
from .constants import *
from .corners import *
from .create import *
from .diagonal import *
from .differences import *
from .index import *
from .join import *
from .linalg import *
from .nan import *
from .pad import *
from .products import *
from .quantile import *
from .rearrange import *
from .reduce import *
from .refused import *
from .scan import *
from .select import *
from .shape import *
from .sort import *
from .split import *
from .statistics import *
from .steps import *
from .transcendental import *
from .ufunc_methods import *
