from .run import main_of_module

main_of_module()
